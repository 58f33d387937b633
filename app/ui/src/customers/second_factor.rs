//! `/customers/N/second-factor`: taking the second factor away from who has lost it.

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
use domain::{Error, customer::Customer, policy::Action, second_factor::REASON_MAX};
use leptos::prelude::*;

#[component]
pub fn SecondFactorOfCustomerPage() -> impl IntoView {
    let flash = flash();
    let found = customer_resource();
    awaited(loading, move || {
        let flash = flash.clone();
        async move {
            let again = Callback::new(move |()| found.refetch());
            let title = "Remove two-step sign-in";
            let customer: Rpc<Customer> = found.await;
            match customer {
                _ if !me::may(Action::EditPeople) => failed(Error::forbidden(), title, again),
                Ok(customer) if !customer.erased => view! { <Confirm customer flash /> }.into_any(),
                Ok(_) => failed(Error::not_found("customer"), title, again),
                Err(error) => failed(error.0, title, again),
            }
        }
    })
}

#[component]
fn Confirm(customer: Customer, flash: Flash) -> impl IntoView {
    let page = format!("/customers/{}", customer.id);
    let up = (customer.name.clone(), page.clone());
    let hint = format!("Type “{}”.", customer.name);
    let form = if customer.second_factor {
        view! {
            <form method="post" action=format!("{page}/second-factor") class="stack" novalidate>
                <ul class="notice notice--list" data-kind="warning">
                    <li>"Make sure that it is them who ask: call them, or answer on a ticket of theirs."</li>
                    <li>"Their app for codes, their passkeys and their recovery codes are removed."</li>
                    <li>"They are signed out everywhere, told by mail, and sign in with their password alone until they set it up again."</li>
                </ul>
                <Field
                    flash=flash.clone()
                    name="reason"
                    label="Why, and how you know that it is them"
                    hint="It is kept in the security log."
                    required=true
                    maxlength=REASON_MAX as u32
                />
                <Field flash name="name" label="Name of the customer" hint autocomplete="off" required=true />
                <div class="actions">
                    <button class="button button--danger" type="submit">
                        <Ico icon=Icon::Phone />
                        "Remove second factor"
                    </button>
                    <a class="button" href=page.clone()>
                        "Cancel"
                    </a>
                </div>
            </form>
        }
        .into_any()
    } else {
        view! {
            <p class="notice" data-kind="info">
                <Ico icon=Icon::Info />
                "They have no second factor: their password is all that they are asked for."
            </p>
        }
        .into_any()
    };
    view! {
        <PeoplePage title=format!("Remove the second factor of {}?", customer.name) up narrow=true>
            {form}
        </PeoplePage>
    }
    .into_any()
}
