//! Whether staff must have a second factor.

use super::{frame::page_of, rpc};
use crate::{
    flash::flash,
    shared::{Field, submit},
};
use domain::second_factor::Required;
use leptos::prelude::*;

/// `/settings/two-step`.
#[component]
pub fn SecondFactorSettings() -> impl IntoView {
    page_of(
        "Two-step sign-in",
        "A password can be guessed, read off or given away. With a second step it opens nothing on its own.",
        rpc::second_factor_required,
        |required| view! { <Requirement required /> }.into_any(),
    )
}

#[component]
fn Requirement(required: Required) -> impl IntoView {
    let mut flash = flash();
    let on = match flash.error.is_some() {
        true => flash.value("required") == "on",
        false => required.now.is_some(),
    };
    if flash.error.is_none() {
        let days = required.now.map_or(7, |now| now.grace_days);
        flash.values.push(("grace_days".into(), days.to_string()));
    }
    let without = required.staff - required.have;
    view! {
        <p class="muted">
            {format!("{} of {} on staff have it, {without} do not yet.", required.have, required.staff)}
        </p>
        <form method="post" action="/settings/two-step" class="stack" novalidate>
            <label class="check">
                <input type="checkbox" name="required" checked=on autocomplete="off" />
                <span>
                    "Staff need two-step sign-in"
                    <span class="field__hint">
                        "Who has not set it up gets nothing but the page for it, also where they are signed in already, and nothing in the API."
                    </span>
                </span>
            </label>
            <Field
                flash
                name="grace_days"
                label="Days until it is needed"
                hint="They count from now, and for who joins later from then. 0: at once, for yourself too. Until then, staff are reminded when they sign in."
                maxlength=3
            />
            {submit("Save")}
        </form>
    }
    .into_any()
}
