//! `/customers/N/second-factor`: taking the second factor away from who has lost it.

use super::{frames::FormPage, page::asked_again, pieces::PeoplePage};
use crate::{
    flash::Flash,
    icons::{Ico, Icon},
    shared::{NameAgain, ReasonOfLoss},
};
use domain::{customer::Customer, policy::Action};
use leptos::prelude::*;

#[component]
pub fn SecondFactorOfCustomerPage() -> impl IntoView {
    asked_again("Remove two-step sign-in", Action::EditPeople, confirm)
}

fn confirm(customer: Customer, flash: Flash) -> AnyView {
    let page = format!("/customers/{}", customer.id);
    let title = format!("Remove the second factor of {}?", customer.name);
    let up = (customer.name.clone(), page.clone());
    if !customer.second_factor {
        return view! {
            <PeoplePage title up narrow=true>
                <p class="notice" data-kind="info">
                    <Ico icon=Icon::Info />
                    "They have no second factor: their password is all that they are asked for."
                </p>
            </PeoplePage>
        }
        .into_any();
    }
    view! {
        <FormPage
            title
            up
            action=format!("{page}/second-factor")
            submit="Remove second factor"
            danger=Icon::Device
        >
            <ul class="notice notice--list" data-kind="warning">
                <li>"Make sure that it is them who ask: call them, or answer on a ticket of theirs."</li>
                <li>"Their app for codes, their passkeys and their recovery codes are removed."</li>
                <li>"They are signed out everywhere, told by mail, and sign in with their password alone until they set it up again."</li>
            </ul>
            <ReasonOfLoss flash=flash.clone() />
            <NameAgain flash label="Name of the customer" whose=customer.name />
        </FormPage>
    }
    .into_any()
}
