//! `/customers/N/erase`: what goes, what stays, and the name typed once more.

use super::{frames::FormPage, page::asked_again};
use crate::{flash::Flash, icons::Icon, shared::NameAgain};
use domain::{
    customer::{Customer, counted},
    policy::Action,
};
use leptos::prelude::*;

#[component]
pub fn EraseCustomerPage() -> impl IntoView {
    asked_again("Erase", Action::ErasePeople, confirm)
}

fn confirm(customer: Customer, flash: Flash) -> AnyView {
    let page = format!("/customers/{}", customer.id);
    let up = (customer.name.clone(), page.clone());
    let messages = flash.value("messages") == "on";
    let answers = "answers and notes of staff, in which they may be named";
    let stays = match customer.tickets {
        0 => "What staff have written stays, and they may be named in it.".to_owned(),
        1 => format!("Their 1 ticket stays, of “Erased customer”, and so do {answers}."),
        n => format!("Their {} tickets stay, of “Erased customer”, and so do {answers}.", counted(n)),
    };
    view! {
        <FormPage
            title=format!("Erase {}?", customer.name)
            up
            action=format!("{page}/erase")
            submit="Erase for good"
            danger=Icon::Trash
        >
            <ul class="notice notice--list" data-kind="error">
                <li>"Name, addresses, phone numbers, channel identities, notes, password and sessions are removed."</li>
                <li>"Files that they sent and their mails as they came are removed."</li>
                <li>"Their name and network addresses are taken out of the security log."</li>
                <li>
                    "Lists that were uploaded to be brought in are deleted a week later: one with their line in it, uploaded again or gone on with, brings them back."
                </li>
                <li>{stays}</li>
                <li>
                    <b>"This cannot be undone."</b>
                </li>
            </ul>
            <input type="hidden" name="version" value=customer.version.to_string() />
            <label class="check">
                <input type="checkbox" name="messages" checked=messages />
                <span>
                    "Erase what they wrote, too"
                    <span class="field__hint">
                        " Their messages and the subjects of their tickets. Otherwise the words stay, without their name."
                    </span>
                </span>
            </label>
            <NameAgain flash label="Name of the customer" whose=customer.name />
        </FormPage>
    }
    .into_any()
}
