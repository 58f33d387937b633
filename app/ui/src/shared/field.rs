use crate::{
    flash::Flash,
    icons::{Ico, Icon},
};
use leptos::prelude::*;

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
    let error_id = format!("{name}-error");
    let hint_id = format!("{name}-hint");
    let described = match (&problem, hint.is_empty()) {
        (Some(_), _) => Some(error_id.clone()),
        (None, false) => Some(hint_id.clone()),
        (None, true) => None,
    };
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
            {problem
                .map(|problem| {
                    view! {
                        <p class="field__error" id=error_id>
                            <Ico icon=Icon::Alert />
                            {problem}
                        </p>
                    }
                })}
            {(!hint.is_empty())
                .then(|| {
                    view! {
                        <p class="field__hint" id=hint_id>
                            {hint}
                        </p>
                    }
                })}
        </div>
    }
    .into_any()
}
