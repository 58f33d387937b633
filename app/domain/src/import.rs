//! Customers, companies and tickets brought in from a file: what is in which column, and what becomes of each line.

#[cfg(feature = "server")]
pub mod html;
#[cfg(feature = "server")]
pub mod tickets;

use crate::{FieldId, ImportId, Time, fields::Subject, policy::Action};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The largest file, in bytes.
pub const FILE_MAX: usize = 50 * 1024 * 1024;
/// The most lines of one file, without the one of the names.
pub const LINES_MAX: i64 = 200_000;
/// The most columns that are looked at.
pub const COLUMNS_MAX: usize = 60;
/// How many lines the preview shows.
pub const PREVIEW: usize = 6;
/// Of how many lines a trial says what would become of each.
pub const SAMPLES: i64 = 50;
/// The longest name of a system that tickets come from, in characters.
pub const SOURCE_MAX: usize = 40;
/// How many tags one file makes at most: everybody chooses from the list of all of them.
pub const TAGS_MADE: usize = 500;
/// As much of a cell is shown, in characters.
pub const CELL_MAX: usize = 200;

/// What a file is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Customers,
    Companies,
    Tickets,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Customers, Kind::Companies, Kind::Tickets];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Customers => "customers",
            Kind::Companies => "companies",
            Kind::Tickets => "tickets",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }

    /// What somebody must be allowed to do who brings such a file in, beside bringing files in at all.
    pub fn needs(self) -> &'static [Action] {
        match self {
            Kind::Customers | Kind::Companies => &[Action::EditPeople],
            Kind::Tickets => &[Action::EditPeople, Action::CreateFor],
        }
    }

    /// What has custom fields among that. `None`: they have none.
    pub fn subject(self) -> Option<Subject> {
        match self {
            Kind::Customers => Some(Subject::Customers),
            Kind::Companies => Some(Subject::Companies),
            Kind::Tickets => None,
        }
    }

    /// What a column of such a file can be, beside custom fields.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Kind::Customers => &[
                Field::Name,
                Field::First,
                Field::Last,
                Field::Email,
                Field::Phone,
                Field::Channels,
                Field::Company,
                Field::Notes,
            ],
            Kind::Companies => &[Field::Name, Field::Domains, Field::Tier, Field::Notes],
            Kind::Tickets => &[
                Field::Number,
                Field::Subject,
                Field::Message,
                Field::Email,
                Field::Name,
                Field::Status,
                Field::Priority,
                Field::Urgency,
                Field::Importance,
                Field::Assignee,
                Field::Tags,
                Field::Channel,
                Field::Created,
                Field::Updated,
                Field::Closed,
            ],
        }
    }

    /// What a line of it is known by.
    pub fn key(self) -> Field {
        match self {
            Kind::Customers => Field::Email,
            Kind::Companies => Field::Name,
            Kind::Tickets => Field::Number,
        }
    }
}

/// What begins the words of custom fields.
const CUSTOM: &str = "custom-";

macro_rules! fields {
    ($($field:ident $word:literal $label:literal),+ $(,)?) => {
        /// What a column is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Field {
            $($field,)+
            /// A custom field.
            Custom(FieldId),
        }

        impl Field {
            const ALL: &[Field] = &[$(Field::$field),+];

            pub fn word(self) -> Cow<'static, str> {
                match self {
                    $(Field::$field => $word.into(),)+
                    Field::Custom(id) => format!("{CUSTOM}{id}").into(),
                }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                let custom = || word.strip_prefix(CUSTOM)?.parse().ok().map(|id| Field::Custom(FieldId(id)));
                Self::ALL.iter().copied().find(|f| f.word() == word).or_else(custom)
            }

            /// What people read. A custom field has a name of its own.
            pub fn label(self) -> &'static str {
                match self {
                    $(Field::$field => $label,)+
                    Field::Custom(_) => "A custom field",
                }
            }
        }
    };
}

fields! {
    Name "name" "Name",
    First "first" "First name",
    Last "last" "Last name",
    Email "email" "E-mail address",
    Phone "phone" "Phone number",
    Channels "channels" "Channel identities",
    Company "company" "Company",
    Domains "domains" "Domains",
    Tier "tier" "Tier",
    Notes "notes" "Notes",
    Number "number" "Number",
    Subject "subject" "Subject",
    Message "message" "First message",
    Status "status" "Status",
    Priority "priority" "Priority",
    Urgency "urgency" "Urgency",
    Importance "importance" "Importance",
    Assignee "assignee" "Assignee",
    Tags "tags" "Tags",
    Channel "channel" "Way it came in",
    Created "created" "Opened",
    Updated "updated" "Last changed",
    Closed "closed" "Closed",
}

impl Field {
    /// Whether several columns of a file can be that.
    pub fn may_be_several(self) -> bool {
        self == Field::Phone
    }
}

/// Guesses what a column is by the name that its file gives it.
/// `custom`: the names of the custom fields that there are.
#[cfg(feature = "server")]
pub fn guess(kind: Kind, header: &str, custom: &[(FieldId, String)]) -> Option<Field> {
    let own = plain(header);
    let named = || custom.iter().find(|(_, name)| plain(name) == own && !own.is_empty());
    let known = built_in(kind, header, &own);
    // A field of that very name is meant more likely than one whose other name it is; but no line is without its key.
    let surely = known.filter(|field| *field == kind.key() || plain(field.label()) == own);
    surely.or_else(|| named().map(|(id, _)| Field::Custom(*id))).or(known)
}

#[cfg(feature = "server")]
fn built_in(kind: Kind, header: &str, plain: &str) -> Option<Field> {
    if kind == Kind::Tickets {
        return tickets::guess(header, plain);
    }
    let field = match plain {
        "name" | "fullname" | "displayname" | "customer" | "contact" | "kunde" | "companyname" | "firmenname" => {
            Field::Name
        }
        "firstname" | "givenname" | "vorname" => Field::First,
        "lastname" | "surname" | "familyname" | "nachname" => Field::Last,
        "email" | "emailaddress" | "mail" | "emails" | "useremail" | "emailadresse" => Field::Email,
        "phone" | "phonenumber" | "telephone" | "tel" | "telefon" | "workphone" => Field::Phone,
        "mobile" | "mobilephone" | "mobil" | "handy" => Field::Phone,
        "channels" | "channelidentities" | "identities" | "messengers" | "socialmedia" | "kanäle" => Field::Channels,
        "company" | "organization" | "organisation" | "org" | "account" | "firma" | "unternehmen" => {
            if kind == Kind::Companies { Field::Name } else { Field::Company }
        }
        "domain" | "domains" | "domainnames" | "website" => Field::Domains,
        "tier" | "accounttier" | "plan" | "level" | "tarif" => Field::Tier,
        "note" | "notes" | "internalnotes" | "about" | "comment" | "comments" | "notiz" | "notizen" => Field::Notes,
        _ => return None,
    };
    kind.fields().contains(&field).then_some(field)
}

/// The name of a column in small letters and digits alone.
#[cfg(feature = "server")]
fn plain(header: &str) -> String {
    header.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// In which encoding a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    #[default]
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

impl Encoding {
    pub const ALL: [Encoding; 4] = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Windows1252];

    /// Its name by the WHATWG, which is also what people know it by.
    pub fn word(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le => "UTF-16LE",
            Encoding::Utf16Be => "UTF-16BE",
            Encoding::Windows1252 => "windows-1252",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.word() == word)
    }
}

/// What stands between two cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    #[default]
    Comma,
    Semicolon,
    Tab,
}

impl Separator {
    pub const ALL: [Separator; 3] = [Separator::Comma, Separator::Semicolon, Separator::Tab];

    pub fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Separator::Comma => "comma",
            Separator::Semicolon => "semicolon",
            Separator::Tab => "tab",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// How a file is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub encoding: Encoding,
    pub separator: Separator,
    /// Whether the first line has the names of the columns.
    pub header: bool,
    /// What each column is; `None`: left out.
    pub columns: Vec<Option<Field>>,
    /// What the system is called that tickets come from: their numbers are its own. Empty for anything else.
    #[serde(default)]
    pub source: String,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody says what is in which column.
    Mapping,
    /// It is gone through without changing anything.
    Trying,
    /// That is done: it can be begun.
    Tried,
    Running,
    Done,
    Stopped,
    /// The file could not be read.
    Failed,
}

impl State {
    const ALL: [State; 7] =
        [State::Mapping, State::Trying, State::Tried, State::Running, State::Done, State::Stopped, State::Failed];

    pub fn word(self) -> &'static str {
        match self {
            State::Mapping => "mapping",
            State::Trying => "trying",
            State::Tried => "tried",
            State::Running => "running",
            State::Done => "done",
            State::Stopped => "stopped",
            State::Failed => "failed",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Whether it goes on by itself.
    pub fn is_moving(self) -> bool {
        matches!(self, State::Trying | State::Running)
    }
}

/// An import as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    pub id: ImportId,
    pub kind: Kind,
    /// What its file was called.
    pub name: String,
    /// In bytes.
    pub size: i64,
    pub reading: Reading,
    pub state: State,
    pub lines_done: i64,
    pub lines_all: i64,
    pub made: i64,
    pub changed: i64,
    pub same: i64,
    pub refused: i64,
    /// Tickets among those made that are nobody's, as nobody on staff is called like who had them.
    pub unassigned: i64,
    /// Tickets among those made that had to do without some of their tags, as a file makes no more than [`TAGS_MADE`].
    pub tags_left: i64,
    pub problem: Option<String>,
    pub stopping: bool,
    /// Who began it.
    pub by: String,
    pub created_at: Time,
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Counted as an editor does: the first line of the file is 1.
    pub line: i64,
    pub reason: String,
    pub cells: Vec<String>,
}

/// What would become of a line that would be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub line: i64,
    pub becomes: Becomes,
    /// The beginning of what the line says.
    pub says: String,
}

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Becomes {
    /// Something new, with what has to be said of it.
    Made(Option<String>),
    /// The names of what would be another.
    Changed(Vec<String>),
    Same,
}

/// What the page of an import shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    pub import: Import,
    /// The names of the columns, where the file has them.
    pub names: Vec<String>,
    /// The first lines, while somebody says what is in them.
    pub preview: Vec<Vec<String>>,
    /// The first refused lines.
    pub refusals: Vec<Refusal>,
    /// After a trial, what would become of the first lines.
    pub samples: Vec<Sample>,
    /// The custom fields that columns can be, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<(FieldId, String)>,
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection): one that begins like one gets an apostrophe before.
pub fn harmless(cell: &str) -> String {
    if begins_like_a_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

fn begins_like_a_formula(cell: &str) -> bool {
    cell.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%'])
}

/// What a cell says: without the apostrophe of [`harmless`], which others write, too.
pub fn meant(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| begins_like_a_formula(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "server")]
    #[test]
    fn columns_are_guessed_by_their_names() {
        for (kind, header, field) in [
            (Kind::Customers, "E-Mail", Some(Field::Email)),
            (Kind::Customers, " Email Address ", Some(Field::Email)),
            (Kind::Customers, "Vorname", Some(Field::First)),
            (Kind::Customers, "Channel identities", Some(Field::Channels)),
            (Kind::Customers, "Work phone", Some(Field::Phone)),
            (Kind::Customers, "Mobile phone", Some(Field::Phone)),
            (Kind::Customers, "About", Some(Field::Notes)),
            (Kind::Customers, "Internal Notes", Some(Field::Notes)),
            (Kind::Companies, "domain_names", Some(Field::Domains)),
            (Kind::Companies, "Account tier", Some(Field::Tier)),
            (Kind::Companies, "Channels", None),
            (Kind::Customers, "Company", Some(Field::Company)),
            (Kind::Companies, "Company", Some(Field::Name)),
            (Kind::Companies, "Domain", Some(Field::Domains)),
            (Kind::Customers, "Domain", None),
            (Kind::Customers, "Shoe size", None),
            (Kind::Customers, "", None),
        ] {
            assert_eq!(guess(kind, header, &[]), field, "{kind:?} {header}");
        }
        let custom = [(7, "Shoe size"), (8, "E-Mail"), (9, "Plan"), (10, "Tier")];
        let custom = custom.map(|(id, name)| (FieldId(id), name.to_owned()));
        assert_eq!(guess(Kind::Customers, "shoe_size", &custom), Some(Field::Custom(FieldId(7))));
        assert_eq!(guess(Kind::Customers, "E-Mail", &custom), Some(Field::Email), "what Docket knows comes first");
        assert_eq!(guess(Kind::Customers, "-", &custom), None);
        assert_eq!(guess(Kind::Companies, "Plan", &custom), Some(Field::Custom(FieldId(9))), "it has that very name");
        assert_eq!(guess(Kind::Companies, "Plan", &[]), Some(Field::Tier));
        assert_eq!(guess(Kind::Companies, "Tier", &custom), Some(Field::Tier), "what Docket calls so comes first");
    }

    #[test]
    fn formulas_are_disarmed() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|x", "%0A"] {
            assert_eq!(harmless(bad), format!("'{bad}"));
            assert_eq!(meant(&harmless(bad)), bad);
        }
        for good in ["", "Jana", "a=b", "1-2", "'=1"] {
            assert_eq!((harmless(good).as_str(), meant(good) == good), (good, good != "'=1"));
        }
    }

    #[test]
    fn words_come_back() {
        assert!(State::ALL.into_iter().all(|s| State::from_word(s.word()) == Some(s)));
        assert!(Field::ALL.iter().all(|f| Field::from_word(&f.word()) == Some(*f)));
        let custom = Field::Custom(FieldId(7));
        assert_eq!((custom.word().as_ref(), Field::from_word("custom-7")), ("custom-7", Some(custom)));
        assert_eq!(Field::from_word("custom-x"), None);
        assert!(Encoding::ALL.into_iter().all(|e| Encoding::from_word(e.word()) == Some(e)));
        assert!(Separator::ALL.into_iter().all(|s| Separator::from_word(s.word()) == Some(s)));
    }
}
