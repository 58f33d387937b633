//! What custom fields are filled with: one rule for each kind, wherever the value comes from.

use super::{Definition, Kind};
use crate::{ChoiceId, FieldId, Time, UserId, error::Problems, text, time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest text of one line, in characters.
const TEXT_MAX: usize = 200;
/// The longest text of several lines, in characters.
const LONG_TEXT_MAX: usize = 5_000;
/// The longest web address, in characters.
const URL_MAX: usize = 1_000;
/// The most digits of a number: so many are the same number in every program (IEEE 754, double).
const DIGITS_MAX: usize = 15;

/// What a field is filled with. As it is stored, it says by itself of which kind it is: `{"choice": 7}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Of one line or several, or a web address.
    Text(String),
    /// In decimals, without anything that it could do without.
    Number(String),
    /// `2026-11-21`.
    Date(String),
    Choice(ChoiceId),
    /// In the order of their numbers, each once.
    Choices(Vec<ChoiceId>),
    /// Ticked. What is not ticked is empty.
    Yes(bool),
    /// Somebody on staff, at least when it was filled in.
    Person(UserId),
}

/// What the fields of one thing are filled with; those that are empty are left out.
pub type Values = BTreeMap<FieldId, Value>;

/// What was typed into fields: none, one or more texts for each. What is not among them was not asked, and stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed(pub Vec<(FieldId, Vec<String>)>);

/// What begins the names of such fields in forms.
const FORM: &str = "field-";

/// The name of a field in forms, and in what is wrong with it.
pub fn form_name(id: FieldId) -> String {
    format!("{FORM}{id}")
}

impl Typed {
    /// Of a form: a name comes as often as there are values. Empty ones only say that the field was there.
    pub fn of_form<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut typed: Vec<(FieldId, Vec<String>)> = Vec::new();
        for (name, value) in fields {
            let Some(id) = name.strip_prefix(FORM).and_then(|id| id.parse().ok()).map(FieldId) else { continue };
            let place = typed.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
                typed.push((id, Vec::new()));
                typed.len() - 1
            });
            if let Some((_, values)) = typed.get_mut(place).filter(|_| !value.trim().is_empty()) {
                values.push(value.to_owned());
            }
        }
        Self(typed)
    }

    fn of(&self, id: FieldId) -> Option<&[String]> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, values)| values.as_slice())
    }
}

/// Fills what was typed into the fields that are asked. Notes what is wrong, and what is required and empty.
pub fn fill<'a>(
    fields: impl Iterator<Item = &'a Definition>,
    now: &Values,
    typed: &Typed,
    problems: &mut Problems,
) -> Values {
    let mut filled = now.clone();
    for field in fields {
        if let Some(texts) = typed.of(field.id) {
            match field.read(texts, now.get(&field.id)) {
                Ok(Some(value)) => drop(filled.insert(field.id, value)),
                Ok(None) => drop(filled.remove(&field.id)),
                Err(problem) => {
                    problems.add(&form_name(field.id), problem);
                    continue;
                }
            }
        }
        if field.is_required() && !filled.contains_key(&field.id) {
            problems.add(&form_name(field.id), format!("Fill in “{}”.", field.name));
        }
    }
    filled
}

/// The beginning of a day as it is written in a [`Value::Date`].
pub fn date(text: &str) -> Option<Time> {
    let digits = |from: usize, to: usize| {
        text.get(from..to).filter(|part| part.bytes().all(|digit| digit.is_ascii_digit()))?.parse::<i64>().ok()
    };
    if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let real = year >= 1_000 && (1..=12).contains(&month) && (1..=time::days_in(year, month)).contains(&day);
    real.then(|| Time(time::days_since_1970(year, month, day) * 86_400_000))
}

/// A number without what it could do without: `+007.50` as `7.5`.
fn number(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "This is no number. Write it like 1234.5.";
    let (sign, rest) = match text.strip_prefix(['-', '−']) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) {
        return Err(WRONG);
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    if whole.len() + part.len() > DIGITS_MAX {
        return Err("Use at most 15 digits.");
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    Ok(match (whole, part) {
        ("0", "") => "0".to_owned(),
        (_, "") => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{part}"),
    })
}

/// Whether this is an address that a browser opens, and nothing else: the web's, of a host, in nobody's name.
fn is_url(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = match host.rsplit_once(':').filter(|_| !host.ends_with(']')) {
        Some((name, port)) => (name, port),
        None => (host, "80"),
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let good = match bare {
        Some(address) => {
            address.contains(':') && address.chars().all(|c| c.is_ascii_hexdigit() || c == ':' || c == '.')
        }
        None => {
            name.chars().any(char::is_alphanumeric)
                && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.' || c == '_')
                && !name.starts_with('.')
                && !name.contains("..")
        }
    };
    // Browsers take a backslash for a slash, and pass over what cannot be seen.
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "\\<>\"`".contains(c));
    good && plain && port.parse::<u16>().is_ok_and(|port| port > 0) && text::tidy_line(text) == text
}

impl Definition {
    /// What was typed, as it is kept; `None`: empty. `now`: what it is filled with, which stays right although a choice of it
    /// was retired since.
    ///
    /// Errors: what is wrong with it.
    pub fn read(&self, texts: &[String], now: Option<&Value>) -> Result<Option<Value>, String> {
        let line = texts.first().map(|text| text::tidy_line(text)).unwrap_or_default();
        let within = |text: String, most: usize| match text.chars().count() <= most {
            true => Ok(Value::Text(text)),
            false => Err(format!("Use at most {most} characters.")),
        };
        if line.is_empty() {
            return Ok(None);
        }
        let value = match self.kind {
            Kind::Text => within(line, TEXT_MAX)?,
            Kind::LongText => within(texts.first().map(|text| text::tidy(text)).unwrap_or_default(), LONG_TEXT_MAX)?,
            Kind::Url if line.chars().count() > URL_MAX => within(line, URL_MAX)?,
            Kind::Url if is_url(&line) => Value::Text(line),
            Kind::Url => return Err("This is no web address. It begins with https:// or http://.".into()),
            Kind::Number => Value::Number(number(&line)?),
            Kind::Date if date(&line).is_some() => Value::Date(line),
            Kind::Date => return Err("Write a day like 2026-11-21.".into()),
            Kind::Choice => Value::Choice(self.chosen(&line, now)?),
            Kind::Choices => {
                let mut chosen = texts
                    .iter()
                    .map(|text| text.trim())
                    .filter(|text| !text.is_empty())
                    .map(|text| self.chosen(text, now))
                    .collect::<Result<Vec<_>, _>>()?;
                chosen.sort_unstable();
                chosen.dedup();
                Value::Choices(chosen)
            }
            Kind::Checkbox => Value::Yes(true),
            Kind::Person => Value::Person(UserId(line.parse().map_err(|_| "Choose a member of staff.")?)),
        };
        Ok(Some(value))
    }

    fn chosen(&self, text: &str, now: Option<&Value>) -> Result<ChoiceId, String> {
        let id = text.trim().parse().ok().map(ChoiceId);
        let kept = |id: ChoiceId| match now {
            Some(Value::Choice(now)) => *now == id,
            Some(Value::Choices(now)) => now.contains(&id),
            _ => false,
        };
        id.and_then(|id| self.choice(id))
            .filter(|choice| !choice.retired || kept(choice.id))
            .map(|choice| choice.id)
            .ok_or_else(|| "This choice is not there any more. Please choose again.".to_owned())
    }

    /// What a cell of a file says, by the names of choices and of people. An empty one says nothing.
    ///
    /// Errors: what is wrong with it.
    pub fn read_cell(&self, cell: &str, now: Option<&Value>, staff: &[Colleague]) -> Result<Option<Value>, String> {
        let line = text::tidy_line(cell);
        let wanted = line.to_lowercase();
        let named = |name: &str| {
            let name = text::tidy_line(name).to_lowercase();
            let found = self.choices.iter().find(|choice| choice.name.to_lowercase() == name);
            found
                .map(|choice| choice.id.to_string())
                .ok_or_else(|| format!("There is no choice “{}”.", text::excerpt(&name, 60)))
        };
        let texts = match self.kind {
            _ if line.is_empty() => return Ok(None),
            Kind::Choice => vec![named(&line)?],
            // A name may have a comma in it.
            Kind::Choices => match named(&line) {
                Ok(one) => vec![one],
                Err(_) => {
                    let parts = cell.split(['\n', ';', '|', ',']).filter(|part| !part.trim().is_empty());
                    parts.map(named).collect::<Result<_, _>>()?
                }
            },
            Kind::Checkbox => match wanted.as_str() {
                "yes" | "y" | "true" | "1" | "x" | "on" | "ja" => vec![line],
                "no" | "n" | "false" | "0" | "off" | "nein" => return Ok(None),
                _ => return Err("Write yes or no.".into()),
            },
            Kind::Person => {
                let found = staff.iter().find(|one| one.email.to_lowercase() == wanted).or_else(|| {
                    let mut called = staff.iter().filter(|one| one.name.to_lowercase() == wanted);
                    called.next().filter(|_| called.next().is_none())
                });
                let found = found.ok_or("Nobody on staff has this name or address.")?;
                vec![found.id.to_string()]
            }
            Kind::LongText => vec![cell.to_owned()],
            Kind::Text | Kind::Number | Kind::Date | Kind::Url => vec![line],
        };
        self.read(&texts, now)
    }

    /// What a value is in forms: as many texts as there are.
    pub fn typed(&self, value: &Value) -> Vec<String> {
        match value {
            Value::Text(text) | Value::Number(text) | Value::Date(text) => vec![text.clone()],
            Value::Choice(id) => vec![id.to_string()],
            Value::Choices(ids) => ids.iter().map(ToString::to_string).collect(),
            Value::Yes(on) => on.then(|| "yes".to_owned()).into_iter().collect(),
            Value::Person(id) => vec![id.to_string()],
        }
    }
}

/// Somebody on staff, by what files may call them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colleague {
    pub id: UserId,
    pub name: String,
    pub email: String,
}

#[cfg(test)]
mod tests;
