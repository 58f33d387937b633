//! The security log: the events that are on no ticket, for whoever may read them, and one's own sign-ins for everybody.

use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Error, EventId, Result, Time, UserId,
    event::Happening,
    page::{self, Page},
    policy::{self, Action},
    security_log::{Group, LogFilter, LogLine, cell, day},
    text,
};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};

/// The most lines that one export holds.
pub const EXPORT_MAX: i64 = 100_000;
/// How many are read at once for an export.
const BATCH: i64 = 2_000;

/// A place in the log: the moment and the number of the last line of a page.
type Key = (i64, i64);

/// What a filter comes to.
struct Wanted {
    /// Somebody's number, and the address that failed sign-ins named.
    person: Option<(i64, String)>,
    kinds: Option<Vec<String>>,
    from: Option<Time>,
    until: Option<Time>,
}

async fn wanted(conn: &mut PgConnection, filter: &LogFilter) -> Result<Wanted> {
    let person = text::tidy_line(&filter.person);
    let person = match person.parse::<i64>() {
        _ if person.is_empty() => None,
        _ if person.len() > text::EMAIL_MAX => return Err(Error::field("person", "This is no e-mail address.")),
        Ok(id) => {
            let email = sqlx::query_scalar!("select email from users where id = $1", id)
                .fetch_optional(&mut *conn)
                .await
                .ours()?;
            Some((id, email.unwrap_or_default()))
        }
        Err(_) => {
            let id = sqlx::query_scalar!("select id from users where lower(email) = lower($1)", person)
                .fetch_optional(&mut *conn)
                .await
                .ours()?;
            // Also of addresses that no account has: somebody may have tried them.
            Some((id.unwrap_or(0), person))
        }
    };
    let kinds = match filter.group {
        None => None,
        Some(group) => Some(kinds(conn).await?.into_iter().filter(|kind| Group::of(kind) == group).collect()),
    };
    let (from, until) = (day("from", &filter.from)?, day("until", &filter.until)?);
    Ok(Wanted { person, kinds, from: from.map(|(start, _)| start), until: until.map(|(_, end)| end) })
}

/// The kinds that there are in the log, found by leaping through the index from one to the next.
async fn kinds(conn: &mut PgConnection) -> Result<Vec<String>> {
    let kinds = sqlx::query_scalar!(
        r#"with recursive k as (
               (select kind from events where ticket_id is null order by kind limit 1)
               union all
               select (select e.kind from events e where e.ticket_id is null and e.kind > k.kind order by e.kind limit 1)
               from k where k.kind is not null
           )
           select kind as "kind!" from k where kind is not null"#
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(kinds)
}

/// A page of the log, newest first. At most three statements.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor, filter: &LogFilter) -> Result<Page<LogLine>> {
    policy::demand(actor, Action::SeeSecurityLog, None)?;
    let size = page::size(filter.limit);
    let after = filter.after.as_deref().map(key).transpose()?;
    let mut conn = desk.read().await?;
    let wanted = wanted(&mut conn, filter).await?;
    let mut rows = lines(&mut conn, &wanted, after, i64::from(size) + 1).await?;
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    let next = rows.last().filter(|_| more).map(|last| format!("{}.{}", last.at.0, last.id));
    Ok(Page { rows, next, position: None })
}

/// One's own sign-ins, and those that were refused under one's address: at most 20, newest first.
#[crate::compiled_here]
pub async fn own(desk: &Desk, actor: &Actor) -> Result<Vec<LogLine>> {
    let person = actor.signed_in()?;
    let kinds = ["account.signed_in", "account.sign_in_failed", "account.vouched"].map(str::to_owned).to_vec();
    let person = Some((person.id.0, person.email.clone()));
    let wanted = Wanted { person, kinds: Some(kinds), from: None, until: None };
    lines(&mut *desk.read().await?, &wanted, None, 20).await
}

fn key(text: &str) -> Result<Key> {
    let parts = text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    // No later than the year 9999: nothing beyond is a moment to the database.
    parts
        .filter(|(at, _): &Key| (0..=253_402_300_799_999).contains(at))
        .ok_or_else(|| Error::field("after", "There is no such page."))
}

/// The number of the account that something was done to, as text; the expression of an index.
const WHOM: &str = "coalesce(e.data->'who'->>'id', e.data->>'customer', e.data->>'user')";

/// Each way to an entry has an index in the order of the log; what they find is merged.
async fn lines(conn: &mut PgConnection, wanted: &Wanted, after: Option<Key>, limit: i64) -> Result<Vec<LogLine>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select e.id, e.at, e.actor_id, e.actor_name, e.address, e.kind, e.data, w.name from (",
    );
    let ways: Vec<Option<u8>> = if wanted.person.is_some() { vec![Some(0), Some(1), Some(2)] } else { vec![None] };
    for (n, way) in ways.iter().enumerate() {
        query.push(if n == 0 { "(" } else { " union all (" });
        // By kind where only the kind is asked for; of one person there are few.
        let by_kind = wanted.kinds.as_ref().filter(|_| way.is_none());
        if let Some(kinds) = by_kind {
            query.push("select e.* from unnest(").push_bind(kinds.clone());
            query.push(
                "::text[]) k(kind), lateral (select e.* from events e where e.kind = k.kind and e.ticket_id is null",
            );
        } else {
            query.push("select e.* from events e where e.ticket_id is null");
        }
        if let (Some(way), Some((id, email))) = (way, &wanted.person) {
            match way {
                0 => query.push(" and e.actor_id = ").push_bind(*id),
                1 => query
                    .push(format_args!(" and {WHOM} = "))
                    .push_bind(id.to_string())
                    .push(" and e.actor_id is distinct from ")
                    .push_bind(*id),
                _ => {
                    query.push(" and e.kind = 'account.sign_in_failed' and lower(e.data->>'email') = lower(");
                    query.push_bind(email.clone()).push(") and e.actor_id is distinct from ").push_bind(*id)
                }
            };
            if let Some(kinds) = &wanted.kinds {
                query.push(" and e.kind = any(").push_bind(kinds.clone()).push(")");
            }
        }
        if let Some(from) = wanted.from {
            query.push(" and e.at >= ").push_bind(time::OffsetDateTime::from(from));
        }
        if let Some(until) = wanted.until {
            query.push(" and e.at < ").push_bind(time::OffsetDateTime::from(until));
        }
        if let Some((at, id)) = after {
            query.push(" and (e.at, e.id) < (").push_bind(time::OffsetDateTime::from(Time(at)));
            query.push(", ").push_bind(id).push(")");
        }
        query.push(format_args!(" order by e.at desc, e.id desc limit {limit}"));
        query.push(if by_kind.is_some() { ") e)" } else { ")" });
    }
    // Looked up for the lines of one page: what is said of customers names them by their number alone.
    query.push(format_args!(
        ") e left join users w on w.id = ({WHOM})::bigint order by e.at desc, e.id desc limit {limit}"
    ));
    let rows = query.build().fetch_all(conn).await.ours()?;
    rows.iter().map(from_row).collect()
}

fn from_row(r: &PgRow) -> Result<LogLine> {
    (|| {
        let kind: String = r.try_get(5)?;
        let (data, whom): (Option<Value>, Option<String>) = (r.try_get(6)?, r.try_get(7)?);
        Ok::<_, sqlx::Error>(LogLine {
            id: EventId(r.try_get(0)?),
            at: r.try_get::<time::OffsetDateTime, _>(1)?.into(),
            by: r.try_get::<Option<i64>, _>(2)?.map(UserId),
            name: r.try_get(3)?,
            address: r.try_get(4)?,
            what: words(&kind, data, whom.as_deref()),
            kind,
        })
    })()
    .ours()
}

/// What happened, in words. Kinds that have no sentence of their own are told by their name and what they carry.
/// `whom`: the name of the account that it was done to, where that is looked up.
fn words(kind: &str, data: Option<Value>, whom: Option<&str>) -> String {
    let what = events::join(kind.to_owned(), data.clone());
    let Ok(what) = what else { return plain(kind, named(data, whom).as_ref()) };
    let whose = whom.map(|name| format!("{name}: ")).unwrap_or_default();
    let list = |words: &[String]| words.join(", ");
    match what {
        Happening::Registered { email } => format!("Registered as {email}"),
        Happening::SignedIn => "Signed in".into(),
        Happening::SignedOut => "Signed out".into(),
        Happening::SignInFailed { email } => format!("Could not sign in as {email}"),
        Happening::SecondFactorRemoved { who, reason } => {
            format!("Removed the second factor of {}: {reason}", who.name)
        }
        Happening::SecondFactorRequired { on: true, grace_days: 0 } => "Staff must have two-step sign-in".into(),
        Happening::SecondFactorRequired { on: true, grace_days } => {
            format!("Staff must have two-step sign-in, within {grace_days} days")
        }
        Happening::SecondFactorRequired { on: false, .. } => "Staff need no two-step sign-in".into(),
        Happening::AppBegun => "Began to set up an app for two-step sign-in".into(),
        Happening::AppAdded => "Set up an app for two-step sign-in".into(),
        Happening::AppRemoved => "Removed the app for two-step sign-in".into(),
        Happening::PasskeyAdded { name } => format!("Added the passkey {name}"),
        Happening::PasskeyRenamed(was) => format!("Renamed the passkey {} to {}", was.from, was.to),
        Happening::PasskeyRemoved { name } => format!("Removed the passkey {name}"),
        Happening::PasskeyRefused { why } => format!("Came with a passkey and was refused: {why}"),
        Happening::RecoveryCodesMade => "Made new recovery codes".into(),
        Happening::RecoveryCodeUsed { left } => format!("Used a recovery code; {left} are left"),
        Happening::SecondFactorFailed => "Knew the password, but no right code".into(),
        Happening::SessionsRevoked { count: 0 } => "Ended their own tokens of the API".into(),
        Happening::SessionsRevoked { count } => format!("Signed out on {count} of their own devices"),
        Happening::RoleGiven { who, from, to } => format!("Role of {}: {from} → {to}", who.name),
        Happening::Blocked { who } => format!("Blocked {}", who.name),
        Happening::Unblocked { who } => format!("Let {} in again", who.name),
        Happening::SessionsEnded { who, count: 0 } => format!("Ended the tokens of {} for the API", who.name),
        Happening::SessionsEnded { who, count } => format!("Signed {} out on {count} devices", who.name),
        Happening::RoleSaved { name, added, removed } => match (added.is_empty(), removed.is_empty()) {
            (true, true) => format!("Changed the role {name}"),
            (false, true) => format!("Role {name}: added {}", list(&added)),
            (true, false) => format!("Role {name}: took away {}", list(&removed)),
            (false, false) => format!("Role {name}: added {}; took away {}", list(&added), list(&removed)),
        },
        Happening::RoleDeleted { name } => format!("Deleted the role {name}"),
        Happening::TeamMembers { team, added, removed } => {
            let names = |people: &[domain::people::Person]| {
                people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")
            };
            match (added.is_empty(), removed.is_empty()) {
                (false, true) => format!("Into the team {team}: {}", names(&added)),
                (true, _) => format!("Out of the team {team}: {}", names(&removed)),
                (false, false) => format!("Team {team}: {} came, {} went", names(&added), names(&removed)),
            }
        }
        Happening::TeamSaved { name, was: Some(was) } => format!("Renamed the team {was} to {name}"),
        Happening::TeamSaved { name, was: None } => format!("Saved the team {name}"),
        Happening::TeamDeleted { name } => format!("Deleted the team {name}"),
        Happening::Vouched { provider } => format!("Was vouched for by {provider}"),
        Happening::OutsideRefused { provider, why } => format!("Came by {provider} and was refused: {why}"),
        Happening::WayRefused { provider, by, .. } => {
            format!("{whose}was right with {by} and refused: they sign in with {provider} only")
        }
        Happening::OnlyWay { provider, sessions, user: Some(_), .. } => {
            format!("{whose}{provider} became their only way in, and they were signed out of {sessions} sessions")
        }
        Happening::OnlyWay { provider, people, sessions, user: None } => {
            format!("{provider} became the only way in of {people} people, who were signed out of {sessions} sessions")
        }
        Happening::ChangedOutside { provider, fields, .. } => {
            format!("{whose}{provider} says otherwise: {}", list(&fields))
        }
        Happening::GroupSaved { provider, group, added: 0, removed: 0 } => format!("Group {group} of {provider}"),
        Happening::GroupSaved { provider, group, added, removed } => {
            format!("Group {group} of {provider}: {added} came, {removed} went")
        }
        Happening::GroupDeleted { provider, group } => format!("Deleted the group {group} of {provider}"),
        Happening::ProviderTokenMade { name } => format!("Made a token for {name} to announce people with"),
        Happening::ProviderTokenRevoked { name } => format!("Revoked the token of {name} to announce people with"),
        Happening::ProviderSaved { name, fields } if fields.is_empty() => format!("Made the way in by {name}"),
        Happening::ProviderSaved { name, fields } => format!("Changed the way in by {name}: {}", list(&fields)),
        Happening::ProviderDeleted { name } => format!("Deleted the way in by {name}"),
        Happening::LogExported { rows } => format!("Exported {rows} lines of the security log"),
        Happening::ApiTokenMade { name, scope, days } => {
            format!("Made the API token {name} ({}), for {days} days", scope.name().to_lowercase())
        }
        Happening::ApiTokenRevoked { name } => format!("Revoked the API token {name}"),
        Happening::ApiTokensRevoked { count } => format!("Revoked {count} API tokens"),
        Happening::SecretKeyChanged => "Changed the secret key".into(),
        Happening::SecretsResealed { values } => format!("Sealed {values} secrets with the current key"),
        Happening::SecretKeysForgotten => "Forgot the earlier secret keys".into(),
        Happening::PriorityTable => "Changed the priority table".into(),
        Happening::PrioritiesApplied => "Brought all tickets up to the priority table".into(),
        Happening::WipLimit { limit, refuse, .. } => match (limit, refuse) {
            (None, _) => "Lifted the limit of a column of the board".into(),
            (Some(limit), true) => format!("Limited a column of the board to {limit}, and no more"),
            (Some(limit), false) => format!("Limited a column of the board to {limit}"),
        },
        Happening::MailQuarantined { reason } => format!("A mail could not become a message: {reason}"),
        Happening::UnsentTriedAgain { .. } => "Had a mail sent again that could not be sent".into(),
        Happening::UnsentDiscarded { .. } => "Gave up a mail that could not be sent".into(),
        _ => plain(kind, named(data, whom).as_ref()),
    }
}

/// What is said of an account by its number, with the name in the number's place.
fn named(mut data: Option<Value>, whom: Option<&str>) -> Option<Value> {
    if let (Some(Value::Object(parts)), Some(name)) = (&mut data, whom) {
        for field in ["customer", "user"] {
            if let Some(value) = parts.get_mut(field) {
                *value = Value::String(name.to_owned());
            }
        }
    }
    data
}

/// `staff.invitation_sent {email, role}` as “Staff: invitation sent (email: …, role: …)”.
fn plain(kind: &str, data: Option<&Value>) -> String {
    fn shown(value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Null => "–".into(),
            Value::Array(all) => all.iter().map(shown).collect::<Vec<_>>().join(", "),
            Value::Object(parts) => parts.get("name").or_else(|| parts.get("id")).map_or_else(|| fields(parts), shown),
            other => other.to_string(),
        }
    }
    fn fields(parts: &serde_json::Map<String, Value>) -> String {
        let field = |(name, v): (&String, &Value)| format!("{}: {}", name.replace('_', " "), shown(v));
        parts.iter().map(field).collect::<Vec<_>>().join(", ")
    }
    let (first, rest) = kind.split_once('.').unwrap_or((kind, ""));
    let mut said = first.to_owned();
    if let Some(letter) = said.get_mut(..1) {
        letter.make_ascii_uppercase();
    }
    if !rest.is_empty() {
        said = format!("{said}: {}", rest.replace('_', " "));
    }
    match data {
        Some(Value::Object(parts)) if !parts.is_empty() => format!("{said} ({})", fields(parts)),
        _ => said,
    }
}

/// The log as a table for spreadsheets, newest first, at most [`EXPORT_MAX`] lines. That it was taken out is written into
/// the log before anything is given away.
#[crate::compiled_here]
pub async fn export(desk: &Desk, actor: &Actor, filter: &LogFilter) -> Result<String> {
    policy::demand(actor, Action::SeeSecurityLog, None)?;
    let zone = actor.principal().and_then(|person| person.zone.as_ref());
    let mut table = String::from("number,at,who,account,address,kind,what\r\n");
    let (mut after, mut count) = (None, 0);
    {
        let mut conn = desk.read().await?;
        let wanted = wanted(&mut conn, filter).await?;
        while count < EXPORT_MAX {
            let rows = lines(&mut conn, &wanted, after, BATCH.min(EXPORT_MAX - count)).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.at.0, last.id.0));
            count += rows.len() as i64;
            for line in rows {
                let by = line.by.map(|by| by.to_string()).unwrap_or_default();
                let cells = [
                    line.id.to_string(),
                    zone.map_or_else(|| line.at.rfc3339(), |zone| zone.rfc3339(line.at)),
                    line.name,
                    by,
                    line.address.unwrap_or_default(),
                    line.kind,
                    line.what,
                ];
                table.push_str(&cells.map(|text| cell(&text)).join(","));
                table.push_str("\r\n");
            }
        }
    }
    let mut tx: Tx = desk.begin().await?;
    events::append(&mut tx, actor, None, &Happening::LogExported { rows: count }).await?;
    tx.commit().await?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_has_no_sentence_is_told_all_the_same() {
        for (kind, data, expected) in [
            ("account.signed_in", None, "Signed in"),
            ("staff.invited_by_owl", Some(json!({"email": "a@b.example", "role": "agent"})), {
                "Staff: invited by owl (email: a@b.example, role: agent)"
            }),
            ("customer.moved", Some(json!({"who": {"id": 1, "name": "Mia"}, "to": null})), {
                "Customer: moved (to: –, who: Mia)"
            }),
            ("", None, ""),
        ] {
            assert_eq!(words(kind, data, None), expected);
        }
    }

    #[test]
    fn who_is_known_by_a_number_is_called_by_their_name() {
        for (kind, data, expected) in [
            ("access.only_way", json!({"provider": "ID", "people": 1, "sessions": 2, "user": 7}), {
                "Jana: ID became their only way in, and they were signed out of 2 sessions"
            }),
            ("access.only_way", json!({"provider": "ID", "people": 3, "sessions": 2}), {
                "ID became the only way in of 3 people, who were signed out of 2 sessions"
            }),
            ("account.way_refused", json!({"provider": "ID", "by": "a passkey", "user": 7}), {
                "Jana: was right with a passkey and refused: they sign in with ID only"
            }),
            ("account.blocked", json!({"customer": 7}), "Account: blocked (customer: Jana)"),
        ] {
            let whom = data.get("user").or(data.get("customer")).map(|_| "Jana");
            assert_eq!(words(kind, Some(data), whom), expected);
        }
    }
}
