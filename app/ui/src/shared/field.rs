use super::{CopyButton, TextArea};
use crate::erased::Sometimes;
use crate::{
    flash::Flash,
    icons::{Ico, Icon},
};
use domain::second_factor::REASON_MAX;
use leptos::prelude::*;

/// What is wrong with a field, below it.
pub fn field_error(name: &str, problem: Option<String>) -> AnyView {
    problem
        .map(|problem| {
            view! {
                <p class="field__error" id=format!("{name}-error")>
                    <Ico icon=Icon::Alert />
                    {problem}
                </p>
            }
        })
        .into_any()
}

fn field_hint(name: &str, hint: String) -> AnyView {
    (!hint.is_empty())
        .shown(|| {
            view! {
                <p class="field__hint" id=format!("{name}-hint")>
                    {hint}
                </p>
            }
        })
        .into_any()
}

/// The element that says more of a field.
fn described(name: &str, problem: &Option<String>, hint: &str) -> Option<String> {
    match (problem, hint.is_empty()) {
        (Some(_), _) => Some(format!("{name}-error")),
        (None, false) => Some(format!("{name}-hint")),
        (None, true) => None,
    }
}

/// The end of a plain form: the button that sends it.
pub fn submit(words: &'static str) -> AnyView {
    view! {
        <div class="actions">
            <button class="button button--primary" type="submit">
                {words}
            </button>
        </div>
    }
    .into_any()
}

/// A labelled input of a plain form, filled with what was typed before and with its error beside it.
///
/// `autofocus` is for the form as it is opened; a refused one begins where something has to be done.
#[component]
pub fn Field(
    flash: Flash,
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional)] autocomplete: &'static str,
    #[prop(into, optional)] hint: String,
    #[prop(optional)] required: bool,
    #[prop(optional)] maxlength: Option<u32>,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let problem = flash.problem(name);
    let focused = match &flash.error {
        None => autofocus,
        // Of several that want it, browsers take the first. What is kept of a refused form is all but the password.
        Some(error) if error.fields.is_empty() => kind == "password",
        Some(_) => problem.is_some(),
    };
    let value = if kind == "password" { String::new() } else { flash.value(name) };
    let described = described(name, &problem, &hint);
    view! {
        <div class="field">
            <label class="field__label" for=name>
                {label}
            </label>
            <input
                class="input"
                id=name
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                required=required
                maxlength=maxlength
                autofocus=focused
                aria-invalid=problem.is_some().then_some("true")
                aria-describedby=described
            />
            {field_error(name, problem)}
            {field_hint(name, hint)}
        </div>
    }
    .into_any()
}

/// A labelled text area of a plain form, like [`Field`].
#[component]
pub fn Area(
    flash: Flash,
    name: &'static str,
    label: &'static str,
    #[prop(default = 3)] rows: u32,
    #[prop(into, optional)] hint: String,
) -> impl IntoView {
    let problem = flash.problem(name);
    let described = described(name, &problem, &hint);
    let invalid = problem.is_some();
    view! {
        <div class="field">
            <label class="field__label" for=name>
                {label}
            </label>
            <TextArea text=flash.value(name) name=name id=name rows=rows described_by=described invalid=invalid />
            {field_error(name, problem)}
            {field_hint(name, hint)}
        </div>
    }
    .into_any()
}

/// The name of somebody, typed once more before something is done that cannot be taken back.
#[component]
pub fn NameAgain(flash: Flash, label: &'static str, whose: String) -> impl IntoView {
    let hint = format!("Type “{whose}”.");
    view! { <Field flash name="name" label hint autocomplete="off" required=true /> }.into_any()
}

/// Why the second factor is taken away from somebody who has lost it, for the security log.
#[component]
pub fn ReasonOfLoss(flash: Flash) -> impl IntoView {
    view! {
        <Field
            flash
            name="reason"
            label="Why, and how you know that it is them"
            hint="It is kept in the security log."
            required=true
            maxlength=REASON_MAX as u32
        />
    }
    .into_any()
}

/// Something to be copied from here, which nobody changes.
#[component]
pub fn ReadOnly(id: &'static str, label: &'static str, value: String, hint: &'static str) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field__label" for=id>
                {label}
            </label>
            <div class="field__copy">
                <input
                    class="input mono"
                    id=id
                    value=value.clone()
                    readonly
                    aria-describedby=format!("{id}-hint")
                />
                <CopyButton text=value of=label />
            </div>
            {field_hint(id, hint.to_owned())}
        </div>
    }
    .into_any()
}

/// The options of a list, each by its value and its name.
pub fn options<V: Into<String>, N: Into<String>>(all: impl IntoIterator<Item = (V, N)>, chosen: &str) -> AnyView {
    fn show(all: Vec<(String, String)>, chosen: &str) -> AnyView {
        let option = |(value, name): (String, String)| {
            let on = value == chosen;
            view! {
                <option value=value selected=on>
                    {name}
                </option>
            }
        };
        all.into_iter().map(option).collect::<Vec<_>>().into_any()
    }
    show(all.into_iter().map(|(value, name)| (value.into(), name.into())).collect(), chosen)
}
