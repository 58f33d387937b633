//! The portal: customers' side. Reading, opening and answering tickets work without JavaScript.

mod draft;
mod files;
mod form;
mod frame;
mod home;
mod new;
mod rating;
pub mod rpc;
mod ticket;

pub use frame::{PortalFrame, PortalMe, PortalNotFound};
pub use home::PortalHome;
pub use new::PortalNew;
pub use ticket::PortalTicket;

use crate::shared::state_word;
use domain::{StatusId, workflow::Workflow};
use leptos::prelude::*;

/// A ticket's state in customers' words.
fn pill(workflow: &Workflow, status: StatusId) -> impl IntoView + use<> {
    workflow.status(status).map(|s| {
        view! {
            <span class="pill" data-state=state_word(s.category)>
                {s.customer_name.clone()}
            </span>
        }
    })
}
