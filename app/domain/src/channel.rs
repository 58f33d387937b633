//! Who somebody is on channels other than mail: by what that channel calls them, so that what comes in from there finds them.

use crate::{error::Problems, text};
use serde::{Deserialize, Serialize};

/// How many somebody may have.
pub const CHANNELS_MAX: usize = 20;
/// The longest name that somebody has there, in characters.
pub const NAME_MAX: usize = 100;

macro_rules! channels {
    ($($kind:ident $word:literal $name:literal $like:literal),+ $(,)?) => {
        /// A channel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Channel { $($kind),+ }

        impl Channel {
            pub const ALL: &[Channel] = &[$(Channel::$kind),+];

            pub fn word(self) -> &'static str {
                match self { $(Channel::$kind => $word),+ }
            }

            /// What people read.
            pub fn name(self) -> &'static str {
                match self { $(Channel::$kind => $name),+ }
            }

            /// What somebody is called there.
            fn like(self) -> &'static str {
                match self { $(Channel::$kind => $like),+ }
            }
        }
    };
}

channels! {
    Telegram "telegram" "Telegram" "@jana_w, or a number",
    Whatsapp "whatsapp" "WhatsApp" "a phone number with its country, like +49 170 1234567",
    Messenger "messenger" "Facebook Messenger" "jana.weiss, or a number",
    Instagram "instagram" "Instagram" "@jana.weiss, or a number",
    X "x" "X" "@jana_w, or a number",
    Slack "slack" "Slack" "a member ID, like U012AB3CD or T0123AB/U012AB3CD",
    Discord "discord" "Discord" "@jana.weiss, or a number",
    Teams "teams" "Microsoft Teams" "an address, like jana@acme.example, or an object ID",
}

impl Channel {
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|channel| channel.word() == word)
    }

    /// As people write it, also by a part of its name.
    fn named(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let known = Self::ALL.iter().copied().find(|c| c.word() == text || c.name().to_lowercase() == text);
        known.or(match text.as_str() {
            "facebook" => Some(Channel::Messenger),
            "twitter" => Some(Channel::X),
            "ms teams" => Some(Channel::Teams),
            _ => None,
        })
    }

    /// What somebody is called there, as it is kept: names in small letters without their `@`, numbers without what people
    /// write between the digits. `None`: nobody is called so there.
    pub fn identifier(self, typed: &str) -> Option<String> {
        let typed = text::tidy_line(typed);
        let name = typed.strip_prefix('@').unwrap_or(&typed);
        let number = |least: usize, most: usize| {
            let good = is_number(&typed) && !typed.starts_with('0');
            (good && (least..=most).contains(&typed.len())).then(|| typed.clone())
        };
        // A name of so many letters, digits and these. Not of digits alone: those are somebody's number.
        let called = |least: usize, most: usize, also: &str| {
            let good = name.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c)) && !is_number(name);
            let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
            (good && !dots && (least..=most).contains(&name.len())).then(|| name.to_ascii_lowercase())
        };
        match self {
            Channel::Telegram => number(3, 16).or_else(|| {
                called(4, 32, "_")
                    .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.ends_with('_'))
            }),
            Channel::Whatsapp => phone(&typed),
            Channel::Messenger => number(5, 20).or_else(|| called(5, 50, ".")),
            Channel::Instagram => number(10, 20).or_else(|| called(1, 30, "._")),
            Channel::X => number(5, 20).or_else(|| called(1, 15, "_")),
            Channel::Slack => slack(&typed),
            Channel::Discord => number(17, 20).or_else(|| called(2, 32, "._")),
            Channel::Teams => {
                let lower = typed.to_lowercase();
                (text::is_email(&lower) || is_object_id(&lower)).then_some(lower)
            }
        }
    }

    /// What is kept, as people there write it.
    fn shown(self, identifier: &str) -> String {
        let by_name = matches!(self, Channel::Telegram | Channel::Instagram | Channel::X | Channel::Discord);
        if by_name && !is_number(identifier) { format!("@{identifier}") } else { identifier.to_owned() }
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_digit())
}

/// What people write phone numbers with.
fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || " +-()./".contains(c)
}

/// A number in the world (E.164), with its `+`. WhatsApp itself writes it without.
fn phone(typed: &str) -> Option<String> {
    let plain = typed.chars().all(is_of_number);
    let rest = typed.strip_prefix('+').or_else(|| typed.strip_prefix("00")).unwrap_or(typed);
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let good = plain && !rest.contains('+') && !rest.contains("(0)") && !digits.starts_with('0');
    (good && (7..=15).contains(&digits.len())).then(|| format!("+{digits}"))
}

/// A member's number, with that of their workspace before it where there are several.
fn slack(typed: &str) -> Option<String> {
    let upper = typed.to_ascii_uppercase();
    let id = |text: &str, first: &str| {
        text.starts_with(|c| first.contains(c))
            && (7..=21).contains(&text.len())
            && text.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && text.contains(|c: char| c.is_ascii_digit())
    };
    let good = match upper.split_once('/') {
        Some((workspace, member)) => id(workspace, "TE") && id(member, "UW"),
        None => id(&upper, "UW"),
    };
    good.then_some(upper)
}

fn is_object_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|c| c.is_ascii_hexdigit()))
}

/// How identifiers begin that somebody may mean who looks for this, in small letters.
pub fn sought(text: &str) -> Vec<String> {
    let text = text::tidy_line(text).to_lowercase();
    let rest = text.split_once(':').filter(|(channel, _)| Channel::named(channel).is_some());
    let text = rest.map_or(text.as_str(), |(_, rest)| rest.trim());
    let name = text.strip_prefix('@').unwrap_or(text);
    let mut sought = Vec::new();
    if !name.is_empty() && !name.contains(' ') {
        sought.push(name.to_owned());
    }
    // A phone number is kept without what people write between the digits.
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = if text.starts_with("00") { digits.trim_start_matches('0') } else { &digits };
    let number = format!("+{digits}");
    if digits.len() >= 3 && text.chars().all(is_of_number) && name != number {
        sought.push(number);
    }
    sought
}

/// Who somebody is on a channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    pub channel: Channel,
    /// As [`Channel::identifier`] keeps it.
    pub identifier: String,
    /// The name that they have there; empty: not known.
    pub name: String,
}

impl Identity {
    /// What they are called there: `@jana_w (Jana W.)`.
    pub fn shown(&self) -> String {
        let shown = self.channel.shown(&self.identifier);
        if self.name.is_empty() { shown } else { format!("{shown} ({})", self.name) }
    }

    /// Where they are reached: `Telegram: @jana_w`.
    pub fn place(&self) -> String {
        format!("{}: {}", self.channel.name(), self.channel.shown(&self.identifier))
    }

    /// As a line of a form: `Telegram: @jana_w (Jana W.)`.
    pub fn line(&self) -> String {
        format!("{}: {}", self.channel.name(), self.shown())
    }

    /// From such a line. Errors: what is wrong with it.
    fn read(line: &str) -> Result<Self, String> {
        let which = || {
            let names: Vec<&str> = Channel::ALL.iter().map(|channel| channel.name()).collect();
            format!("“{}” does not begin with a channel and a colon: {}.", text::excerpt(line, 60), names.join(", "))
        };
        let (channel, rest) = line.split_once(':').ok_or_else(which)?;
        let channel = Channel::named(channel).ok_or_else(which)?;
        // Brackets may also be a part of a phone number, and of a name.
        let named = rest.strip_suffix(')').into_iter().flat_map(|rest| {
            rest.match_indices(" (").filter_map(|(at, _)| Some((rest.get(..at)?, rest.get(at + 2..)?)))
        });
        let whole = std::iter::once((rest, ""));
        let found = named.chain(whole).find_map(|(typed, name)| Some((channel.identifier(typed)?, name)));
        let (identifier, name) = found.ok_or_else(|| {
            let typed = text::excerpt(rest, 60);
            format!("“{typed}” cannot be anybody on {}. Write {}.", channel.name(), channel.like())
        })?;
        let name = text::tidy_line(name);
        match name.chars().count() <= NAME_MAX {
            true => Ok(Self { channel, identifier, name }),
            false => Err("Use at most 100 characters for a name.".to_owned()),
        }
    }

    /// The lines of a text area, each identity once. Notes what is wrong.
    pub fn read_all(typed: &str, problems: &mut Problems) -> Vec<Self> {
        let (mut all, mut wrong) = (Vec::<Self>::new(), None);
        for line in typed.lines().map(text::tidy_line).filter(|line| !line.is_empty()) {
            match Self::read(&line) {
                Ok(one) if all.iter().any(|known| known.is(&one)) => {}
                Ok(one) => all.push(one),
                Err(problem) => {
                    wrong.get_or_insert(problem);
                }
            }
            if all.len() > CHANNELS_MAX {
                break;
            }
        }
        if let Some(wrong) = wrong {
            problems.add("channels", wrong);
        }
        problems.unless(all.len() <= CHANNELS_MAX, "channels", "Use at most 20 channel identities.");
        all.sort();
        all
    }

    /// Whether these are one, whatever they are called.
    pub fn is(&self, other: &Self) -> bool {
        (self.channel, &self.identifier) == (other.channel, &other.identifier)
    }

    /// What is told where this is somebody else's: an identity leads to one person.
    pub fn taken(&self, whose: &str) -> String {
        format!("“{}” is {whose} already.", self.place())
    }
}

/// The cell of a file as the lines of a form. Where a channel with its colon comes behind a comma, a semicolon or a bar, a line
/// begins: names may have these in them, too.
pub fn lines_of_cell(cell: &str) -> String {
    const BETWEEN: [char; 3] = [';', ',', '|'];
    let ended = |lines: &str| lines.trim_end_matches(|c: char| BETWEEN.contains(&c) || c == ' ').len();
    let mut lines = String::with_capacity(cell.len());
    for part in cell.split_inclusive(BETWEEN) {
        if part.split_once(':').is_some_and(|(channel, _)| Channel::named(channel).is_some()) {
            lines.truncate(ended(&lines));
            lines.push('\n');
        }
        lines.push_str(part);
    }
    lines.truncate(ended(&lines));
    lines
}

#[cfg(test)]
mod tests;
