//! `/customers/N/erase`: what goes, what stays, and the name typed once more.

use super::{
    page::customer_resource,
    pieces::{PeoplePage, failed, loading},
};
use crate::{
    flash::{Flash, flash},
    icons::{Ico, Icon},
    me,
    rpc::Rpc,
    shared::{Field, awaited},
};
use domain::{
    Error,
    customer::{Customer, counted},
    policy::Action,
};
use leptos::prelude::*;

#[component]
pub fn EraseCustomerPage() -> impl IntoView {
    let flash = flash();
    let found = customer_resource();
    awaited(loading, move || {
        let flash = flash.clone();
        async move {
            let customer: Rpc<Customer> = found.await;
            match customer {
                _ if !me::may(Action::ErasePeople) => {
                    failed(Error::forbidden(), "Erase", Callback::new(move |()| found.refetch()))
                }
                Ok(customer) if !customer.erased => view! { <Confirm customer flash /> }.into_any(),
                Ok(_) => failed(Error::not_found("customer"), "Erase", Callback::new(move |()| found.refetch())),
                Err(error) => failed(error.0, "Erase", Callback::new(move |()| found.refetch())),
            }
        }
    })
}

#[component]
fn Confirm(customer: Customer, flash: Flash) -> impl IntoView {
    let page = format!("/customers/{}", customer.id);
    let up = (customer.name.clone(), page.clone());
    let messages = flash.value("messages") == "on";
    let stays = format!(
        "Their {} tickets stay, of “Erased customer”, and so do answers and notes of staff, in which they may be named.",
        counted(customer.tickets)
    );
    let hint = format!("Type “{}”.", customer.name);
    view! {
        <PeoplePage title=format!("Erase {}?", customer.name) up narrow=true>
            <form method="post" action=format!("{page}/erase") class="stack" novalidate>
                <ul class="notice notice--list" data-kind="error">
                    <li>"Name, addresses, phone numbers, notes, password and sessions are removed."</li>
                    <li>"Files that they sent and their mails as they came are removed."</li>
                    <li>"Their name and network addresses are taken out of the security log."</li>
                    <li>{stays}</li>
                    <li>
                        <b>"This cannot be undone."</b>
                    </li>
                </ul>
                <label class="check">
                    <input type="checkbox" name="messages" checked=messages />
                    <span>
                        "Erase what they wrote, too"
                        <span class="field__hint">
                            " Their messages and the subjects of their tickets. Otherwise the words stay, without their name."
                        </span>
                    </span>
                </label>
                <Field flash name="name" label="Name of the customer" hint autocomplete="off" required=true />
                <div class="actions">
                    <button class="button button--danger" type="submit">
                        <Ico icon=Icon::Trash />
                        "Erase for good"
                    </button>
                    <a class="button" href=page.clone()>
                        "Cancel"
                    </a>
                </div>
            </form>
        </PeoplePage>
    }
    .into_any()
}
