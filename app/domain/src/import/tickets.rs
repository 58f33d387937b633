//! Tickets as the exports of other systems have them: by which names of columns those systems are known, and what a line says.
//!
//! The names of columns, and the words for states and priorities, are facts about what the systems write. They were looked up
//! in `include/class.export.php` of osTicket, `lib/excel_sheet/ticket.rb` of Zammad, and in public programs that read or imitate
//! the exports of Zendesk (“Summation column”, “Requester email”) and Freshdesk (“Created time”, “Resolution status”).

use super::{Field, Kind};
use crate::{
    StatusId, Time,
    account::NAME_MAX,
    error::Problems,
    priority::{Level, Priority},
    tag, text,
    ticket::{SUBJECT_MAX, Source, check_body, check_tags},
    workflow::{Category, Workflow},
};

/// The longest number of a ticket in another system, in characters.
pub const NUMBER_MAX: usize = 60;
/// What is older is misdated: 1 January 1990.
pub const EARLIEST: Time = Time(631_152_000_000);
/// Clocks may be ahead of UTC where a file has no zones.
const AHEAD_MS: i64 = 86_400_000;

const ZENDESK: &str = "Zendesk";
const FRESHDESK: &str = "Freshdesk";
const ZAMMAD: &str = "Zammad";
const OSTICKET: &str = "osTicket";

/// Which system writes columns of these names, if one can tell.
pub fn system(names: &[String]) -> Option<&'static str> {
    let plain: Vec<String> = names.iter().map(|name| super::plain(name)).collect();
    let has = |name: &str| plain.iter().any(|p| p == name);
    if has("summationcolumn") || (has("requesteremail") && has("submitter")) {
        Some(ZENDESK)
    } else if has("ticketid") && has("createdtime") {
        Some(FRESHDESK)
    } else if has("ticketnumber") && has("fromemail") {
        Some(OSTICKET)
    } else if has("title") && has("state") && has("createdat") {
        Some(ZAMMAD)
    } else {
        None
    }
}

/// Guesses what a column is. `plain`: its name in small letters and digits alone.
pub(super) fn guess(header: &str, plain: &str) -> Option<Field> {
    Some(match plain {
        "" if header.trim() == "#" => Field::Number,
        "id" | "ticketid" | "ticketnumber" | "number" | "ticket" | "externalid" | "nummer" => Field::Number,
        "subject" | "title" | "betreff" | "titel" => Field::Subject,
        "message" | "firstmessage" | "description" | "body" | "text" | "content" | "nachricht" | "beschreibung" => {
            Field::Message
        }
        "requesteremail" | "fromemail" | "customeremail" | "contactemail" => Field::Email,
        "requester" | "requestername" | "from" | "customername" | "fullname" => Field::Name,
        "status" | "state" | "currentstatus" => Field::Status,
        "priority" | "priorität" => Field::Priority,
        "urgency" | "dringlichkeit" => Field::Urgency,
        "importance" | "wichtigkeit" => Field::Importance,
        "assignee" | "assigneeemail" | "assignedto" | "agent" | "agentassigned" | "owner" => Field::Assignee,
        "tags" | "labels" => Field::Tags,
        "via" | "source" | "channel" | "createchannel" => Field::Channel,
        "createdat" | "createdtime" | "datecreated" | "created" | "erstelltam" => Field::Created,
        "updatedat" | "lastupdatetime" | "lastupdatedtime" | "lastupdated" | "updated" => Field::Updated,
        "closedat" | "closeat" | "closedtime" | "closeddate" | "solvedat" | "resolvedtime" | "closed" => Field::Closed,
        // In exports of Zammad by its API that is the address; in those of its reports the name, which says too little.
        "customer" => Field::Email,
        _ => return super::guess(Kind::Customers, header, &[]).filter(|f| Kind::Tickets.fields().contains(f)),
    })
}

/// What a line says of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldTicket {
    /// What it was called where it comes from.
    pub number: String,
    pub subject: String,
    /// In plain words.
    pub message: String,
    pub email: String,
    /// Empty: as they are called already, or by their address.
    pub name: String,
    pub status: StatusId,
    pub urgency: Level,
    pub importance: Level,
    /// The address or the name of who has it, in small letters; empty: nobody.
    pub assignee: String,
    pub tags: Vec<String>,
    pub source: Source,
    pub created: Time,
    /// When it came into its state.
    pub moved: Time,
    /// When anything last happened on it.
    pub updated: Time,
}

/// Reads a line. `value`: what it has in the column of a field; `from`: the system that it comes from.
///
/// Errors: why it is refused.
pub fn read(value: impl Fn(Field) -> String, from: &str, workflow: &Workflow, now: Time) -> Result<OldTicket, String> {
    let line = |field| text::tidy_line(&value(field));
    let number = line(Field::Number).trim_start_matches('#').to_owned();
    if number.is_empty() || number.chars().count() > NUMBER_MAX {
        return Err("It has no number by which it could be known again.".into());
    }
    let whose = line(Field::Email);
    let (name, email) = person(&whose);
    if !text::is_email(email) {
        return Err("It does not say whose it is: there is no complete e-mail address.".into());
    }
    let said = [line(Field::Name), name.to_owned()].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let message = text::tidy(&value(Field::Message));
    let subject = Some(line(Field::Subject)).filter(|s| !s.is_empty()).unwrap_or_else(|| message.clone());
    let subject = text::excerpt(&subject, SUBJECT_MAX - 1);
    // Lists of tickets often come without what was written.
    let message = if message.is_empty() { subject.clone() } else { message };
    if subject.is_empty() {
        return Err("It has neither a subject nor a message.".into());
    }
    let mut problems = Problems::default();
    check_body(&message, false, &mut problems);
    let tags = check_tags(&tags(&value(Field::Tags), from), &mut problems);
    problems.check().map_err(|error| error.in_words())?;
    let status = status(&line(Field::Status), workflow)?;
    let (urgency, importance) = pair(&line(Field::Priority))?;
    let time = |field: Field| time(&line(field), field, now);
    let created = time(Field::Created)?;
    let closed = time(Field::Closed)?;
    let updated = time(Field::Updated)?;
    let created = created.or(updated).or(closed).unwrap_or(now);
    let moved = closed.or(updated).unwrap_or(created).max(created);
    Ok(OldTicket {
        number,
        subject,
        message,
        email: email.to_owned(),
        name: said.chars().take(NAME_MAX).collect(),
        status,
        urgency: level(&line(Field::Urgency), "urgency")?.unwrap_or(urgency),
        importance: level(&line(Field::Importance), "importance")?.unwrap_or(importance),
        assignee: Some(person(&line(Field::Assignee)).1.to_lowercase()).filter(|who| who != "-").unwrap_or_default(),
        tags,
        source: source(&line(Field::Channel)),
        created,
        moved,
        updated: updated.unwrap_or(moved).max(moved),
    })
}

/// “Jana Weiß <jana@acme.example>” as the name and the address; anything else as an address.
fn person(text: &str) -> (&str, &str) {
    match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"'), address.trim()),
        None => ("", text),
    }
}

/// Tags of Zendesk have no spaces, and stand with spaces between them.
fn tags(text: &str, from: &str) -> Vec<String> {
    let between = |c: char| matches!(c, ',' | ';' | '\n') || (c == ' ' && from.eq_ignore_ascii_case(ZENDESK));
    let names = text.split(between).filter_map(|name| Some(name.trim()).filter(|name| !name.is_empty()));
    // Longer ones than tags are here would cost the whole ticket.
    names.map(|name| tag::clean_name(name).unwrap_or_else(|| name.chars().take(tag::NAME_MAX).collect())).collect()
}

/// A state by its name here, or by the words that other systems have.
fn status(word: &str, workflow: &Workflow) -> Result<StatusId, String> {
    let lower = word.to_lowercase();
    let own = workflow.statuses.iter().find(|s| [&s.name, &s.key].iter().any(|n| n.to_lowercase() == lower));
    let category = || {
        Some(match lower.replace(['-', '_'], " ").as_str() {
            "" | "new" | "open" | "reopened" | "neu" | "offen" => Category::Open,
            "in progress" | "in bearbeitung" => Category::InProgress,
            "pending"
            | "hold"
            | "on hold"
            | "pending reminder"
            | "pending close"
            | "waiting on customer"
            | "waiting on third party"
            | "waiting for customer"
            | "warten" => Category::Waiting,
            "solved" | "resolved" | "gelöst" => Category::Resolved,
            "closed" | "archived" | "geschlossen" => Category::Closed,
            _ => return None,
        })
    };
    let found = own.or_else(|| workflow.first_of(category()?));
    found.map(|status| status.id).ok_or_else(|| {
        let names: Vec<&str> = workflow.statuses.iter().map(|s| s.name.as_str()).collect();
        format!("There is no status “{}” here. There are: {}.", text::excerpt(word, 40), names.join(", "))
    })
}

/// The pair that stands for one word of priority.
fn pair(word: &str) -> Result<(Level, Level), String> {
    // As Zammad numbers them: “2 normal”.
    let lower = word.to_lowercase();
    let name = lower.trim_start_matches(|c: char| c.is_ascii_digit()).trim();
    let priority = match if name.is_empty() { lower.as_str() } else { name } {
        "low" | "1" | "niedrig" => Priority::Low,
        "" | "-" | "normal" | "medium" | "2" | "mittel" => Priority::Medium,
        "high" | "3" | "hoch" => Priority::High,
        "urgent" | "critical" | "emergency" | "4" | "dringend" | "sehr hoch" => Priority::Urgent,
        _ => {
            return Err(format!(
                "There is no priority “{}”. Use low, normal, high or urgent.",
                text::excerpt(word, 40)
            ));
        }
    };
    let level = Level::from_number(priority.number()).unwrap_or(Level::Medium);
    Ok((level, level))
}

/// `None`: the line says nothing of it.
fn level(word: &str, what: &str) -> Result<Option<Level>, String> {
    if word.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("There is no {what} “{}”. Use low, medium, high or critical.", text::excerpt(word, 40));
    pair(word).map(|(level, _)| Some(level)).map_err(|_| wrong())
}

/// How it came in. What is not known came in on the web.
fn source(word: &str) -> Source {
    match word.to_lowercase().replace('-', "").as_str() {
        "email" | "mail" | "outbound email" => Source::Email,
        "phone" | "voice" | "telefon" | "voicemail" => Source::Phone,
        "chat" | "messaging" | "live chat" => Source::Chat,
        "api" | "web service" => Source::Api,
        "twitter" | "facebook" | "instagram" | "whatsapp" | "telegram" | "social" => Source::Social,
        _ => Source::Web,
    }
}

/// The moment in a cell. `None`: it is empty.
fn time(text: &str, field: Field, now: Time) -> Result<Option<Time>, String> {
    if text.is_empty() || text == "-" {
        return Ok(None);
    }
    let what = field.label();
    let at = moment(text).ok_or_else(|| {
        format!("{what}: “{}” is no time that can be read. Use 2026-11-21 08:12 in UTC.", text::excerpt(text, 40))
    })?;
    if !(EARLIEST..=now.plus_millis(AHEAD_MS)).contains(&at) {
        return Err(format!("{what}: {} is no time at which a ticket can have been.", at.rfc3339()));
    }
    Ok(Some(at.min(now)))
}

/// ISO 8601, `2026-11-21 08:12`, with seconds, parts of them and a zone or without; a day alone is its beginning. Without a
/// zone it is taken for UTC.
pub fn moment(text: &str) -> Option<Time> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-')?;
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = time::Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
    let midnight = Time::from(date.midnight().assume_utc());
    let rest = match rest.chars().next() {
        None => return Some(midnight),
        Some('T' | 't' | ' ') => rest[1..].trim_start(),
        Some(_) => return None,
    };
    let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(end);
    let (clock, part) = clock.split_once(['.', ',']).unwrap_or((clock, "0"));
    let clock = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    let [hour, minute, second] = numbers(&clock, ':')?;
    if hour > 23 || minute > 59 || second > 60 || part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let millis: i64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    let ahead = ahead(zone.trim())?;
    Some(midnight.plus_millis((seconds - ahead * 60) * 1_000 + millis))
}

/// How many minutes a zone is ahead of UTC.
fn ahead(zone: &str) -> Option<i64> {
    let zone = zone.strip_prefix("UTC").or_else(|| zone.strip_prefix("GMT")).unwrap_or(zone);
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-" | "\u{2212}", rest) => (-1, rest),
        _ => return None,
    };
    let digits = rest.replace(':', "");
    let whole = if digits.len() == 2 { format!("{digits}00") } else { digits };
    if whole.len() != 4 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = whole.split_at(2);
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 15 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Three numbers with a sign between them, none with one of its own.
fn numbers(text: &str, between: char) -> Option<[i16; 3]> {
    let mut parts = text.split(between);
    let mut next = || parts.next().filter(|p| p.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
#[path = "tickets_tests.rs"]
mod tests;
