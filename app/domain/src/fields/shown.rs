//! Custom fields as they are shown, and what becomes of them.

use super::{Definition, Kind, Subject, Value, Values, asked};
use crate::{UserId, text};
use serde::{Deserialize, Serialize};

/// The longest value that an event repeats, in characters.
const TOLD: usize = 200;

/// A field with what it is filled with, for staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    pub field: Definition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The name of whom it is filled with, where that is a person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
}

/// Something with its fields, those that are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole<T> {
    pub it: T,
    pub fields: Vec<Filled>,
}

/// A field that is filled, as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub name: String,
    pub kind: Kind,
    /// One, but of several choices. Of a day as it is stored: everybody reads days in their own language.
    pub texts: Vec<String>,
}

impl Filled {
    /// `None`: empty.
    pub fn shown(&self) -> Option<Shown> {
        let texts = self.field.texts(self.value.as_ref()?, &self.who);
        Some(Shown { name: self.field.name.clone(), kind: self.field.kind, texts })
    }

    /// Those of this kind of thing that are asked, with what they are filled with. `name`: what people are called.
    pub fn all(all: &[Definition], of: Subject, values: &Values, name: impl Fn(UserId) -> String) -> Vec<Self> {
        let filled = |field: &Definition| {
            let value = values.get(&field.id).cloned();
            let who = match &value {
                Some(Value::Person(id)) => name(*id),
                _ => String::new(),
            };
            Filled { field: field.clone(), value, who }
        };
        asked(all, of).map(filled).collect()
    }
}

/// What of this a customer may see: of fields that are shown to them what is filled in, and nothing of how they are defined.
pub fn shown_to_customers(filled: &[Filled]) -> Vec<Shown> {
    filled.iter().filter(|filled| filled.field.shown && !filled.field.retired).filter_map(Filled::shown).collect()
}

/// What somebody sees of what the desk has noted of them and of their company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    pub own: Vec<Shown>,
    pub company: Vec<Shown>,
}

/// What an event says of a field: by its name and its values as they were called then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    /// Empty: it was.
    pub from: String,
    pub to: String,
}

/// What has become of the fields of something. `name`: what people are called.
pub fn changes(all: &[Definition], from: &Values, to: &Values, name: impl Fn(UserId) -> String) -> Vec<Change> {
    let told = |field: &Definition, value: Option<&Value>| {
        let who = match value {
            Some(Value::Person(id)) => name(*id),
            _ => String::new(),
        };
        let texts = value.map(|value| field.texts(value, &who)).unwrap_or_default();
        text::excerpt(&texts.join(", "), TOLD)
    };
    let changed = all.iter().filter(|field| from.get(&field.id) != to.get(&field.id));
    changed
        .map(|field| Change {
            field: field.name.clone(),
            from: told(field, from.get(&field.id)),
            to: told(field, to.get(&field.id)),
        })
        .collect()
}

impl Definition {
    /// A value in words.
    pub fn texts(&self, value: &Value, who: &str) -> Vec<String> {
        match value {
            Value::Text(text) | Value::Number(text) | Value::Date(text) => vec![text.clone()],
            Value::Choice(id) => self.choice(*id).map(|choice| choice.name.clone()).into_iter().collect(),
            // In the order of the choices.
            Value::Choices(ids) => {
                let chosen = self.choices.iter().filter(|choice| ids.contains(&choice.id));
                chosen.map(|choice| choice.name.clone()).collect()
            }
            Value::Yes(on) => vec![if *on { "Yes" } else { "No" }.to_owned()],
            Value::Person(_) => vec![who.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChoiceId, FieldId, fields::Choice};

    fn field(id: i64, kind: Kind, shown: bool) -> Definition {
        let choice = |id: i64, name: &str| Choice { id: ChoiceId(id), name: name.into(), retired: id == 2 };
        Definition {
            id: FieldId(id),
            of: Subject::Customers,
            kind,
            name: format!("Field {id}"),
            help: String::new(),
            required: false,
            shown,
            retired: false,
            choices: vec![choice(2, "Second"), choice(1, "First")],
            version: 1,
        }
    }

    #[test]
    fn customers_see_what_is_meant_for_them_and_filled() {
        let mut gone = field(4, Kind::Text, true);
        gone.retired = true;
        let all = [field(1, Kind::Choices, true), field(2, Kind::Text, false), field(3, Kind::Text, true), gone];
        let text = |text: &str| Value::Text(text.into());
        let values = Values::from([
            (FieldId(1), Value::Choices(vec![ChoiceId(1), ChoiceId(2)])),
            (FieldId(2), text("secret")),
            (FieldId(4), text("gone")),
        ]);
        let filled = Filled::all(&all, Subject::Customers, &values, |_| String::new());
        assert_eq!(filled.len(), 3, "retired ones are not asked");
        let shown = shown_to_customers(&filled);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].texts, ["Second", "First"], "retired choices stay readable, in the order of the choices");
        assert!(Filled::all(&all, Subject::Companies, &values, |_| String::new()).is_empty());
    }

    #[test]
    fn what_was_changed_is_told_from_what_to_what() {
        let all = [field(1, Kind::Choice, true), field(2, Kind::Person, true), field(3, Kind::Text, true)];
        let from = Values::from([(FieldId(1), Value::Choice(ChoiceId(2))), (FieldId(3), Value::Text("same".into()))]);
        let to = Values::from([
            (FieldId(1), Value::Choice(ChoiceId(1))),
            (FieldId(2), Value::Person(UserId(7))),
            (FieldId(3), Value::Text("same".into())),
        ]);
        let told = changes(&all, &from, &to, |id| format!("Person {id}"));
        let told: Vec<_> = told.iter().map(|c| (c.field.as_str(), c.from.as_str(), c.to.as_str())).collect();
        assert_eq!(told, [("Field 1", "Second", "First"), ("Field 2", "", "Person 7")]);
    }
}
