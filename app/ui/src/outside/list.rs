//! Who vouches for people: all of them.

use super::rpc;
use crate::erased::Rows;
use crate::{
    icons::{Ico, Icon},
    settings::page_of,
    shared::{Column, EmptyState, table},
};
use domain::outside::{Audience, Kind, Provider};
use leptos::prelude::*;

/// `/settings/sign-in`.
#[component]
pub fn ProvidersPage() -> impl IntoView {
    page_of(
        "Sign-in from outside",
        "People sign in with an account that they have elsewhere: customers by Google, a company's users and staff by their own provider or directory.",
        rpc::all_providers,
        |providers| view! { <All providers /> }.into_any(),
    )
}

/// Whom a provider vouches for, by name.
fn whom(provider: &Provider) -> String {
    match (&provider.audience, &provider.company) {
        (Audience::Company, Some(company)) => format!("Users of {}", company.name),
        (audience, _) => audience.name().to_owned(),
    }
}

#[component]
fn All(providers: Vec<Provider>) -> impl IntoView {
    let empty = providers.is_empty();
    let rows = providers.into_iter().map(|provider| {
        let whom = whom(&provider);
        let (kind, word) = if provider.enabled { ("green", "On") } else { ("", "Off") };
        view! {
            <tr>
                <th scope="row">
                    <a class="link" href=format!("/settings/sign-in/{}", provider.id)>
                        {provider.name}
                    </a>
                    <p class="field__hint">
                        {if provider.only {
                            format!("{}, only way in", provider.kind.name())
                        } else {
                            provider.kind.name().to_owned()
                        }}
                    </p>
                </th>
                <td data-label="For">{whom}</td>
                <td data-label="Connected" class="tnum">
                    {provider.people}
                </td>
                <td data-label="State">
                    <span class="badge" data-kind=kind>
                        {word}
                    </span>
                </td>
            </tr>
        }
    });
    let new = Kind::ALL.into_iter().map(|kind| {
        view! {
            <a class="button" href=format!("/settings/sign-in/new-{}", kind.word())>
                <Ico icon=Icon::Plus />
                {kind.name()}
            </a>
        }
    });
    view! {
        {if empty {
            view! { <EmptyState icon=Icon::Key title="Nobody vouches for anybody yet" text="People sign in with their address and password." /> }
                .into_any()
        } else {
            table(
                "Ways in, by name",
                &[Column::Text("Way in"), Column::Text("For"), Column::Narrow("Connected"), Column::Narrow("State")],
                rows,
            )
        }}
        <div class="actions">{new.rows()}</div>
    }
    .into_any()
}
