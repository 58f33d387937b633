//! Custom fields: what a desk keeps of customers and companies beyond what Docket has a place for.
//!
//! A field is defined once, for one kind of thing; what is filled in is a [`Value`] of the field's kind. The definitions do not
//! say where the values are, so they will do for tickets, too.

mod shown;
mod value;

pub use shown::{Change, Filled, Own, Shown, Whole, changes, shown_to_customers};
pub use value::{Colleague, Typed, Value, Values, date, fill, form_name};

use crate::{ChoiceId, FieldId, Result, customer::lines, error::Problems, text};
use serde::{Deserialize, Serialize};

/// The longest name of a field, in characters.
pub const NAME_MAX: usize = 60;
/// The longest help text, in characters.
pub const HELP_MAX: usize = 300;
/// The longest name of a choice, in characters.
pub const CHOICE_MAX: usize = 100;
/// The most choices of one field, retired ones included.
pub const CHOICES_MAX: usize = 200;
/// The most fields of customers, and of companies, retired ones included: each stands in a form.
pub const FIELDS_MAX: i64 = 100;

/// What has fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    #[default]
    Customers,
    Companies,
}

impl Subject {
    pub const ALL: [Subject; 2] = [Subject::Customers, Subject::Companies];

    pub fn word(self) -> &'static str {
        match self {
            Subject::Customers => "customers",
            Subject::Companies => "companies",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.word() == word)
    }

    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Customers => "Customers",
            Subject::Companies => "Companies",
        }
    }
}

/// What a field is filled with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Text,
    LongText,
    Number,
    Date,
    Choice,
    Choices,
    Checkbox,
    Url,
    Person,
}

impl Kind {
    pub const ALL: [Kind; 9] = [
        Kind::Text,
        Kind::LongText,
        Kind::Number,
        Kind::Date,
        Kind::Choice,
        Kind::Choices,
        Kind::Checkbox,
        Kind::Url,
        Kind::Person,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::LongText => "long_text",
            Kind::Number => "number",
            Kind::Date => "date",
            Kind::Choice => "choice",
            Kind::Choices => "choices",
            Kind::Checkbox => "checkbox",
            Kind::Url => "url",
            Kind::Person => "person",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "Text, one line",
            Kind::LongText => "Text, several lines",
            Kind::Number => "Number",
            Kind::Date => "Date",
            Kind::Choice => "One of several choices",
            Kind::Choices => "Any of several choices",
            Kind::Checkbox => "Checkbox",
            Kind::Url => "Web address",
            Kind::Person => "Member of staff",
        }
    }

    pub fn has_choices(self) -> bool {
        matches!(self, Kind::Choice | Kind::Choices)
    }
}

/// One of what a field is chosen from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: ChoiceId,
    pub name: String,
    /// Not offered any more; who has it keeps it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// A field as it is defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub id: FieldId,
    pub of: Subject,
    pub kind: Kind,
    pub name: String,
    /// Stands below the field in forms.
    pub help: String,
    /// Staff cannot leave it empty.
    pub required: bool,
    /// Customers see their own.
    pub shown: bool,
    /// Neither asked nor shown any more; what was filled in is kept.
    pub retired: bool,
    /// In their order.
    pub choices: Vec<Choice>,
    /// Handed back with a change: a stale one is refused.
    pub version: i64,
}

impl Definition {
    /// Whether it has to be filled in. A box that has to be ticked would say nothing.
    pub fn is_required(&self) -> bool {
        self.required && self.kind != Kind::Checkbox
    }

    pub fn choice(&self, id: ChoiceId) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.id == id)
    }
}

/// The fields of this kind of thing that are asked and shown, in their order.
pub fn asked(all: &[Definition], of: Subject) -> impl Iterator<Item = &Definition> + Clone {
    all.iter().filter(move |field| field.of == of && !field.retired)
}

/// A choice as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoiceInput {
    pub id: i64,
    pub name: String,
    pub retired: bool,
}

/// A field as somebody defines it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewDefinition {
    pub name: String,
    pub help: String,
    /// Only of a new one: what was filled in is of the kind it had then.
    pub kind: Kind,
    pub required: bool,
    pub shown: bool,
    /// Those that are there, in their order.
    pub choices: Vec<ChoiceInput>,
    /// More of them, one to a line.
    pub more: String,
}

impl NewDefinition {
    /// Tidied, with the names of new choices, or everything that is wrong with it.
    pub fn check(&self) -> Result<(Self, Vec<String>)> {
        let mut problems = Problems::default();
        let mut tidy = Self {
            name: text::tidy_line(&self.name),
            help: text::tidy_line(&self.help),
            choices: Vec::new(),
            more: String::new(),
            ..*self
        };
        problems.unless(!tidy.name.is_empty(), "name", "Please give it a name.");
        problems.unless(tidy.name.chars().count() <= NAME_MAX, "name", "Use at most 60 characters.");
        problems.unless(tidy.help.chars().count() <= HELP_MAX, "help", "Use at most 300 characters.");
        let mut more = Vec::new();
        if self.kind.has_choices() {
            let tidied = |choice: &ChoiceInput| ChoiceInput { name: text::tidy_line(&choice.name), ..choice.clone() };
            tidy.choices = self.choices.iter().map(tidied).collect();
            more = lines(&self.more);
            check_choices(&tidy.choices, &more, &mut problems);
        }
        problems.check()?;
        Ok((tidy, more))
    }
}

fn check_choices(choices: &[ChoiceInput], more: &[String], problems: &mut Problems) {
    let mut seen: Vec<String> = Vec::new();
    for choice in choices {
        let (field, name) = (format!("choice-{}", choice.id), choice.name.to_lowercase());
        problems.unless(!name.is_empty(), &field, "Say what this choice is called.");
        problems.unless(choice.name.chars().count() <= CHOICE_MAX, &field, "Use at most 100 characters.");
        problems.unless(name.is_empty() || !seen.contains(&name), &field, "There is already a choice of this name.");
        seen.push(name);
    }
    for name in more {
        problems.unless(name.chars().count() <= CHOICE_MAX, "more", "Use at most 100 characters for a choice.");
        if seen.contains(&name.to_lowercase()) {
            problems.add("more", format!("There is already a choice “{}”.", text::excerpt(name, 60)));
        }
    }
    let count = choices.len() + more.len();
    problems.unless(count > 0, "more", "Name at least one choice, one to a line.");
    problems.unless(count <= CHOICES_MAX, "more", "Use at most 200 choices.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        assert!(Subject::ALL.into_iter().all(|s| Subject::from_word(s.word()) == Some(s)));
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.word()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("json"), kind.word(), "stored and sent alike");
        }
    }

    #[test]
    fn definitions_are_checked() {
        let choices = |names: &[&str]| {
            let choice = |(n, name): (usize, &&str)| ChoiceInput { id: n as i64, name: (*name).into(), retired: false };
            names.iter().enumerate().map(choice).collect::<Vec<_>>()
        };
        let long = "x".repeat(301);
        for (input, field) in [
            (NewDefinition { name: " \u{200b}".into(), ..NewDefinition::default() }, "name"),
            (NewDefinition { name: "x".repeat(61), ..NewDefinition::default() }, "name"),
            (NewDefinition { name: "A".into(), help: long.clone(), ..NewDefinition::default() }, "help"),
            (NewDefinition { name: "A".into(), kind: Kind::Choice, ..NewDefinition::default() }, "more"),
            (NewDefinition { name: "A".into(), kind: Kind::Choices, more: long, ..NewDefinition::default() }, "more"),
            (
                NewDefinition {
                    name: "A".into(),
                    kind: Kind::Choice,
                    choices: choices(&["a", " "]),
                    ..NewDefinition::default()
                },
                "choice-1",
            ),
            (
                NewDefinition {
                    name: "A".into(),
                    kind: Kind::Choice,
                    choices: choices(&["a", "A"]),
                    ..NewDefinition::default()
                },
                "choice-1",
            ),
            (
                NewDefinition {
                    name: "A".into(),
                    kind: Kind::Choice,
                    choices: choices(&["a"]),
                    more: "b\nA".into(),
                    ..NewDefinition::default()
                },
                "more",
            ),
        ] {
            let error = input.check().expect_err("wrong");
            assert!(error.of_field(field).is_some(), "{field}: {error:?}");
        }
        let input = NewDefinition { name: " Shoe  size ".into(), more: "a".into(), ..NewDefinition::default() };
        let (tidy, more) = input.check().expect("right");
        assert_eq!((tidy.name.as_str(), more.len()), ("Shoe size", 0), "what has no choices gets none");
        let input = NewDefinition {
            name: "A".into(),
            kind: Kind::Choice,
            more: " a\n\nb\na ".into(),
            ..NewDefinition::default()
        };
        assert_eq!(input.check().expect("right").1, ["a", "b"]);
    }
}
