//! Custom fields as they are filled in, within the plain form of what they are of.

use crate::erased::Rows;
use crate::fetched::resource;
use crate::{
    flash::Flash,
    shared::{TextArea, fetched, field_error, options},
};
use domain::{
    UserId,
    fields::{Choice, Definition, Filled, Kind, Subject, Value, form_name},
    people::Person,
};
use leptos::prelude::*;

/// The inputs of all fields that are asked, with what they are filled with, or what was typed and refused.
#[component]
pub fn FieldInputs(flash: Flash, fields: Vec<Filled>) -> impl IntoView {
    fields.into_iter().map(|filled| input(&flash, filled)).rows()
}

/// The same of something that is new.
#[component]
pub fn BlankFields(flash: Flash, of: Subject) -> impl IntoView {
    let blank = resource(|| (), move |()| super::rpc::blank_fields(of));
    fetched(
        || view! { <i class="skeleton" data-w="40%"></i> }.into_any(),
        blank,
        move |fields| view! { <FieldInputs flash=flash.clone() fields /> }.into_any(),
    )
}

/// What all inputs of a field share.
struct Around {
    name: String,
    label: String,
    problem: Option<String>,
    hint: String,
    described: Option<String>,
    required: bool,
}

fn input(flash: &Flash, filled: Filled) -> AnyView {
    let Filled { field, value, who } = filled;
    let name = form_name(field.id);
    let typed: Vec<String> = match &flash.error {
        Some(_) => {
            let sent = flash.values.iter().filter(|(known, value)| *known == name && !value.is_empty());
            sent.map(|(_, value)| value.clone()).collect()
        }
        None => value.as_ref().map(|value| field.typed(value)).unwrap_or_default(),
    };
    let seen = if field.shown { "The customer sees this." } else { "" };
    let hint = [field.help.as_str(), seen].join(" ").trim().to_owned();
    let problem = flash.problem(&name);
    let described = match (&problem, hint.is_empty()) {
        (Some(_), _) => Some(format!("{name}-error")),
        (None, false) => Some(format!("{name}-hint")),
        (None, true) => None,
    };
    let required = field.is_required();
    let around = Around { label: field.name.clone(), problem, hint, described, required, name };
    match field.kind {
        Kind::Choices => boxes(around, &field, &typed, value.as_ref()),
        Kind::Checkbox => tick(around, !typed.is_empty()),
        Kind::Choice => {
            let chosen = typed.into_iter().next().unwrap_or_default();
            let offered = offered(&field, value.as_ref()).map(|choice| (choice.id.to_string(), called(choice)));
            labelled(&around, select(&around, offered.collect(), &chosen))
        }
        Kind::Person => {
            let chosen = typed.into_iter().next().unwrap_or_default();
            let now = match value {
                Some(Value::Person(id)) => Some(Person { id, name: who, picture: None }),
                _ => None,
            };
            labelled_staff(around, chosen, now)
        }
        Kind::LongText => {
            let text = typed.into_iter().next().unwrap_or_default();
            let (described, invalid) = (around.described.clone(), around.problem.is_some());
            let area = view! {
                <TextArea
                    text=text
                    name=around.name.clone()
                    id=around.name.clone()
                    rows=4
                    described_by=described
                    invalid=invalid
                    required=around.required
                />
            };
            labelled(&around, area.into_any())
        }
        Kind::Text => line(around, typed, "text", None, Some("200")),
        Kind::Number => line(around, typed, "text", Some("decimal"), None),
        Kind::Date => line(around, typed, "date", None, None),
        Kind::Url => line(around, typed, "url", None, Some("1000")),
    }
}

/// The choices that can be made: those that are not retired, and those that were made before.
fn offered<'a>(field: &'a Definition, now: Option<&'a Value>) -> impl Iterator<Item = &'a Choice> {
    let kept = move |choice: &Choice| match now {
        Some(Value::Choice(id)) => *id == choice.id,
        Some(Value::Choices(ids)) => ids.contains(&choice.id),
        _ => false,
    };
    field.choices.iter().filter(move |choice| !choice.retired || kept(choice))
}

fn called(choice: &Choice) -> String {
    if choice.retired { format!("{} (no longer offered)", choice.name) } else { choice.name.clone() }
}

/// An input with its label above, and what is wrong with it or helps below.
fn labelled(around: &Around, input: AnyView) -> AnyView {
    let Around { name, label, .. } = around;
    view! {
        <div class="field">
            <label class="field__label" for=name.clone()>
                {label.clone()}
            </label>
            {input}
            {below(around)}
        </div>
    }
    .into_any()
}

fn below(around: &Around) -> AnyView {
    let Around { name, problem, hint, .. } = around;
    let hint = (!hint.is_empty()).then(|| {
        view! {
            <p class="field__hint" id=format!("{name}-hint")>
                {hint.clone()}
            </p>
        }
        .into_any()
    });
    view! {
        {field_error(name, problem.clone())}
        {hint}
    }
    .into_any()
}

fn line(
    around: Around,
    typed: Vec<String>,
    kind: &'static str,
    mode: Option<&'static str>,
    most: Option<&'static str>,
) -> AnyView {
    let input = view! {
        <input
            class="input"
            id=around.name.clone()
            name=around.name.clone()
            type=kind
            inputmode=mode
            maxlength=most
            value=typed.into_iter().next().unwrap_or_default()
            autocomplete="off"
            required=around.required
            aria-invalid=around.problem.is_some().then_some("true")
            aria-describedby=around.described.clone()
        />
    };
    labelled(&around, input.into_any())
}

fn select(around: &Around, offered: Vec<(String, String)>, chosen: &str) -> AnyView {
    let all = std::iter::once((String::new(), "–".to_owned())).chain(offered);
    view! {
        <select
            class="select"
            id=around.name.clone()
            name=around.name.clone()
            autocomplete="off"
            required=around.required
            aria-invalid=around.problem.is_some().then_some("true")
            aria-describedby=around.described.clone()
        >
            {options(all, chosen)}
        </select>
    }
    .into_any()
}

/// A member of staff. Whoever is none any more stays to be chosen where they were.
fn labelled_staff(around: Around, chosen: String, now: Option<Person>) -> AnyView {
    let staff = resource(|| (), |()| crate::tickets::rpc::staff());
    let around = StoredValue::new(around);
    fetched(
        || view! { <i class="skeleton" data-w="40%"></i> }.into_any(),
        staff,
        move |mut staff: Vec<Person>| {
            let there = |id: UserId| staff.iter().any(|person| person.id == id);
            staff.extend(now.clone().filter(|now| !there(now.id)).into_iter().collect::<Vec<_>>());
            let offered = staff.into_iter().map(|person| (person.id.to_string(), person.name)).collect();
            around.with_value(|around| labelled(around, select(around, offered, &chosen)))
        },
    )
}

/// Several choices. The empty one says that they were asked for where none is ticked.
fn boxes(around: Around, field: &Definition, typed: &[String], now: Option<&Value>) -> AnyView {
    let name = around.name.clone();
    let each = offered(field, now).map(|choice| {
        let on = typed.contains(&choice.id.to_string());
        view! {
            <label class="check">
                <input type="checkbox" name=name.clone() value=choice.id.to_string() checked=on autocomplete="off" />
                <span>{called(choice)}</span>
            </label>
        }
    });
    view! {
        <fieldset class="field" aria-describedby=around.described.clone()>
            <legend class="field__label">{around.label.clone()}</legend>
            <input type="hidden" name=name.clone() value="" />
            <div class="members">{each.collect::<Vec<_>>().rows()}</div>
            {below(&around)}
        </fieldset>
    }
    .into_any()
}

fn tick(around: Around, on: bool) -> AnyView {
    let name = around.name.clone();
    view! {
        <div class="field">
            <input type="hidden" name=name.clone() value="" />
            <label class="check">
                <input
                    type="checkbox"
                    name=name
                    value="yes"
                    checked=on
                    autocomplete="off"
                    aria-describedby=around.described.clone()
                />
                <span>{around.label.clone()}</span>
            </label>
            {below(&around)}
        </div>
    }
    .into_any()
}
