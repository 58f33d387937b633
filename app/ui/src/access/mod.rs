//! Who on staff may do what: users, roles, teams and the security log. Plain forms, sent to the addresses of their pages.

mod log;
mod roles;
pub mod rpc;
mod teams;
mod users;

pub use log::LogPage;
pub use roles::{RolePage, RolesPage};
pub use teams::{TeamPage, TeamsPage};
pub use users::{UserPage, UsersPage};

use crate::erased::memo;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// The last step of the address: a number, or `new`.
pub(crate) fn last_step() -> Memo<String> {
    let params = use_params_map();
    memo(move || params.with(|p| p.get("id")).unwrap_or_default())
}

/// The way back from one to all of them.
#[component]
pub(crate) fn Back(href: &'static str, name: &'static str) -> impl IntoView {
    view! {
        <nav class="page__crumbs" aria-label="Way back">
            <a class="link" href=href>
                {name}
            </a>
        </nav>
    }
    .into_any()
}
