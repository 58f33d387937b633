//! `/settings/fields/N`: one custom field, and a new one.

use super::{move_button, rpc, way};
use crate::access::{Back, last_step};
use crate::erased::{Rows, Sometimes};
use crate::fetched::resource;
use crate::{
    flash::{ASKED, Flash, flash},
    icons::{Ico, Icon},
    settings::{SettingsPage, loading},
    shared::{Area, Field, Question, fetched, field_error, options, submit},
};
use domain::{
    Error, FieldId,
    fields::{Choice, Definition, Kind, Subject},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What the last step of the address begins with where a new one is made.
const NEW: &str = "new-";

#[component]
pub fn FieldPage() -> impl IntoView {
    let step = last_step();
    let found = resource(
        move || step.get(),
        |step| async move {
            let all = rpc::all_fields().await?;
            if step.strip_prefix(NEW).and_then(Subject::from_word).is_some() {
                return Ok(None);
            }
            let id = step.parse().ok().map(FieldId);
            let found = all.into_iter().find(|field| Some(field.id) == id);
            found.map(Some).ok_or_else(|| Error::not_found("field").into())
        },
    );
    let of = move || step.get_untracked().strip_prefix(NEW).and_then(Subject::from_word).unwrap_or_default();
    view! {
        <SettingsPage title="Custom field" lead="What is asked of staff, and who sees it.">
            <Back href="/settings/fields" name="All custom fields" />
            {fetched(
                loading,
                found,
                move |field| match field {
                    Some(field) => view! { <Edit field /> }.into_any(),
                    None => view! { <New of=of() /> }.into_any(),
                },
            )}
        </SettingsPage>
    }
    .into_any()
}

/// Whether a form of definitions was sent and is shown again.
fn was_sent(flash: &Flash) -> bool {
    flash.values.iter().any(|(name, _)| name == "name")
}

#[component]
fn New(of: Subject) -> impl IntoView {
    let flash = flash();
    let kinds = options(Kind::ALL.map(|kind| (kind.word(), kind.name())), &flash.value("kind"));
    view! {
        <form method="post" action=format!("/settings/fields/{NEW}{}", of.word()) class="stack" novalidate>
            <p class="muted">{format!("A field of {}.", of.word())}</p>
            <Names flash=flash.clone() />
            <div class="field">
                <label class="field__label" for="kind">
                    "Kind"
                </label>
                <select class="select" id="kind" name="kind" aria-describedby="kind-hint" autocomplete="off">
                    {kinds}
                </select>
                <p class="field__hint" id="kind-hint">
                    "It cannot be another one later: what is filled in is of this kind."
                </p>
            </div>
            <Area
                flash=flash.clone()
                name="more"
                label="Choices"
                rows=4
                hint="One to a line. Only for fields that are chosen from."
            />
            <Flags flash />
            {submit("Make field")}
        </form>
    }
    .into_any()
}

/// Its name and its help.
#[component]
fn Names(flash: Flash) -> impl IntoView {
    view! {
        <Field flash=flash.clone() name="name" label="Name" required=true maxlength=60 autocomplete="off" />
        <Field
            flash
            name="help"
            label="Help"
            maxlength=300
            autocomplete="off"
            hint="Stands below the field where it is filled in."
        />
    }
    .into_any()
}

#[component]
fn Flags(flash: Flash) -> impl IntoView {
    let check = |name: &'static str, label: &'static str, hint: &'static str| {
        let on = flash.value(name) == "on";
        view! {
            <label class="check">
                <input type="checkbox" name=name checked=on autocomplete="off" />
                <span>{label} <span class="field__hint">{hint}</span></span>
            </label>
        }
    };
    view! {
        {check(
            "required",
            "Required",
            " Staff cannot leave it empty. Customers who sign up or write are not asked, and neither are files. A checkbox may always be empty.",
        )}
        {check(
            "shown",
            "Customers see it",
            " On their profile, to read: their own, and what is filled in of their company. Nobody else's.",
        )}
    }
    .into_any()
}

#[component]
fn Edit(field: Definition) -> impl IntoView {
    let mut flash = flash();
    let page = format!("/settings/fields/{}", field.id);
    let asked = flash.value(ASKED);
    if !was_sent(&flash) {
        flash.values = vec![
            ("name".into(), field.name.clone()),
            ("help".into(), field.help.clone()),
            ("required".into(), if field.required { "on" } else { "" }.into()),
            ("shown".into(), if field.shown { "on" } else { "" }.into()),
        ];
        for choice in &field.choices {
            flash.values.push((format!("choice-{}", choice.id), choice.name.clone()));
            flash.values.push((format!("retired-{}", choice.id), if choice.retired { "on" } else { "" }.into()));
        }
    }
    let question = (!asked.is_empty()).shown(|| {
        Question {
            action: page.clone(),
            title: format!("Delete “{}”? {asked}", field.name),
            text: "This cannot be undone. A field that is retired is not asked any more either, and what is filled in is kept.",
            fields: Vec::new(),
            yes: ("do", "delete", "Delete it for good"),
            no: (page.clone(), "Keep it"),
        }
        .ask()
    });
    let about = format!("A field of {}. Kind: {}.", field.of.word(), field.kind.name().to_lowercase());
    view! {
        {question}
        <form method="post" action=page.clone() class="stack" novalidate>
            // What the enter key presses.
            <button class="sr-only" type="submit" tabindex="-1" aria-hidden="true">
                "Save"
            </button>
            <input type="hidden" name="version" value=field.version.to_string() />
            <p class="muted">{about}</p>
            <Names flash=flash.clone() />
            {field.kind.has_choices().shown(|| choices(&flash, &field.choices))}
            <Flags flash=flash.clone() />
            {submit("Save")}
        </form>
        <Ends field page />
    }
    .into_any()
}

/// The choices as they were typed last, in that order, and a place for more.
fn choices(flash: &Flash, known: &[Choice]) -> AnyView {
    let sent: Vec<i64> =
        flash.values.iter().filter(|(name, _)| name == "choice").filter_map(|(_, id)| id.parse().ok()).collect();
    let mut known: Vec<&Choice> = known.iter().collect();
    known.sort_by_key(|choice| sent.iter().position(|id| *id == choice.id.0).unwrap_or(usize::MAX));
    let last = known.len().saturating_sub(1);
    let moved = use_query_map().with_untracked(|query| query.get("moved")).unwrap_or_default();
    let rows: Vec<AnyView> =
        known.into_iter().enumerate().map(|(n, choice)| choice_row(flash, choice, n == 0, n == last, &moved)).collect();
    view! {
        <fieldset class="field">
            <legend class="field__label">"Choices"</legend>
            <div class="box">{rows.rows()}</div>
        </fieldset>
        <Area
            flash=flash.clone()
            name="more"
            label="More choices"
            rows=3
            hint="One to a line. A choice that is retired is not offered any more; who has it keeps it."
        />
    }
    .into_any()
}

fn choice_row(flash: &Flash, choice: &Choice, first: bool, last: bool, moved: &str) -> AnyView {
    let id = choice.id;
    let name = format!("choice-{id}");
    let problem = flash.problem(&name);
    let retired = flash.value(&format!("retired-{id}")) == "on";
    let button = |up: bool, end: bool| {
        let value = format!("{}-{id}", way(up));
        let focused = moved == value && !end;
        move_button(&choice.name, up, value, end, focused)
    };
    view! {
        <div class="box__row choice">
            <input type="hidden" name="choice" value=id.to_string() />
            <input
                class="input"
                id=name.clone()
                name=name.clone()
                value=flash.value(&name)
                maxlength="100"
                autocomplete="off"
                aria-label=format!("Name of the choice {}", choice.name)
                aria-invalid=problem.is_some().then_some("true")
                aria-describedby=problem.is_some().then(|| format!("{name}-error"))
            />
            <label class="check">
                <input
                    type="checkbox"
                    name=format!("retired-{id}")
                    checked=retired
                    autocomplete="off"
                    aria-label=format!("{} is retired", choice.name)
                />
                <span>"Retired"</span>
            </label>
            <div class="row">
                {button(true, first)} {button(false, last)}
            </div>
            {field_error(&name, problem)}
        </div>
    }
    .into_any()
}

/// The ways to be rid of a field.
#[component]
fn Ends(field: Definition, page: String) -> impl IntoView {
    let (word, words, hint) = match field.retired {
        true => ("restore", "Bring it back", "It is retired: neither asked nor shown. What was filled in is kept."),
        false => ("retire", "Retire it", "Neither asked nor shown any more; what was filled in is kept."),
    };
    view! {
        <section class="section">
            <form method="post" action=page class="stack">
                <div class="actions">
                    <p class="muted grow">{hint}</p>
                    <button class="button" type="submit" name="do" value=word>
                        {words}
                    </button>
                </div>
                <div class="actions">
                    <p class="muted grow">"With everything that was filled in. You are asked first."</p>
                    <button class="button button--danger" type="submit" name="do" value="delete">
                        <Ico icon=Icon::Trash />
                        "Delete this field"
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
