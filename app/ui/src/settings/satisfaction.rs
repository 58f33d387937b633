//! Who is asked how their tickets were solved, and when.

use super::frame::page_of;
use crate::{
    flash::flash,
    ratings::rpc,
    shared::{Field, submit},
};
use domain::rating::{OPEN_DAYS, Settings};
use leptos::prelude::*;

/// `/settings/satisfaction`.
#[component]
pub fn SatisfactionSettings() -> impl IntoView {
    page_of(
        "Satisfaction",
        "Whoever has opened a ticket is asked how it was solved: one of five, and a comment. Staff see it on the ticket and on the pages of the customer and the company.",
        rpc::in_force,
        |settings| view! { <Form settings /> }.into_any(),
    )
}

#[component]
fn Form(settings: Settings) -> impl IntoView {
    let mut flash = flash();
    let sent = flash.error.is_some();
    if !sent {
        flash.values.push(("delay_hours".into(), settings.delay_hours.to_string()));
    }
    let on = |name: &str, now: bool| if sent { flash.value(name) == "on" } else { now };
    let (portal, mail) = (on("portal", settings.portal), on("mail", settings.mail));
    view! {
        <form method="post" action="/settings/satisfaction" class="stack" novalidate>
            <label class="check">
                <input type="checkbox" name="portal" checked=portal autocomplete="off" />
                <span>
                    "Ask in the portal"
                    <span class="field__hint">
                        {format!("On the ticket, for {OPEN_DAYS} days after it was solved or closed. Only its requester is asked.")}
                    </span>
                </span>
            </label>
            <label class="check">
                <input type="checkbox" name="mail" checked=mail autocomplete="off" />
                <span>
                    "Ask by mail"
                    <span class="field__hint">
                        "One mail each time that a ticket is solved, with links that need no password. It is not sent when the ticket was opened again or rated meanwhile, nor to who is blocked or whose address is not confirmed."
                    </span>
                </span>
            </label>
            <Field
                flash
                name="delay_hours"
                label="Hours from solving to the mail"
                hint="0: at once; 336 at most, two weeks. Mails that wait already keep their time."
                maxlength=3
            />
            {submit("Save")}
        </form>
    }
    .into_any()
}
