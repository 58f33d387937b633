//! What is being done to very many tickets of a customer or company: how far it has come, and that it is over.

use super::rpc;
use crate::erased::{Rows, effect};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    rpc::Rpc,
    shared::{ErrorNotice, awaited},
};
use domain::{
    errand::{About, Errand, Kind},
    text::grouped,
};
use leptos::prelude::*;
use std::time::Duration;

/// How long the page waits before it looks again how far it has come.
const LOOK: Duration = Duration::from_secs(1);

/// Shows nothing where there is nothing. `page`: the address of the page that it is on. `over` counts up when something ends
/// under the reader's eyes.
#[component]
pub fn Underway(about: About, page: String, over: RwSignal<u32>) -> impl IntoView {
    let found = resource(move || about, rpc::errands_of);
    let moved = StoredValue::new(false);
    awaited(
        || ().into_any(),
        move || {
            let page = page.clone();
            async move {
                let errands: Rpc<Vec<Errand>> = found.await;
                let look = Callback::new(move |()| found.refetch());
                match errands {
                    Ok(errands) => view! { <Shown errands page look moved over /> }.into_any(),
                    Err(error) => view! { <ErrorNotice error=error.0 retry=look /> }.into_any(),
                }
            }
        },
    )
}

#[component]
fn Shown(
    errands: Vec<Errand>,
    page: String,
    look: Callback<()>,
    /// Whether something was under way when it was last looked.
    moved: StoredValue<bool>,
    over: RwSignal<u32>,
) -> impl IntoView {
    let moving = errands.iter().any(Errand::is_moving);
    effect(move || {
        if moved.get_value() && !moving {
            over.update(|times| *times += 1);
        }
        moved.set_value(moving);
        if moving && let Ok(timer) = set_timeout_with_handle(move || look.run(()), LOOK) {
            on_cleanup(move || timer.clear());
        }
    });
    errands.into_iter().map(|errand| one(errand, &page)).rows().into_any()
}

fn one(errand: Errand, page: &str) -> AnyView {
    let (done, all) = (grouped(errand.done), grouped(errand.all.max(errand.done)));
    if !errand.is_moving() {
        let tickets = if errand.done == 1 { "ticket" } else { "tickets" };
        let said = match errand.kind {
            Kind::MergeCustomers | Kind::MergeCompanies => {
                format!("{done} {tickets} of {} have come over.", errand.whose)
            }
            Kind::Convert => format!("{done} {tickets} of {} have changed company.", errand.whose),
            Kind::Erase => "They are out of everything they have taken part in.".to_owned(),
        };
        return view! {
            <p class="notice" data-kind="ok" role="status">
                <Ico icon=Icon::Check />
                {said}
            </p>
        }
        .into_any();
    }
    let (label, said) = match errand.kind {
        Kind::MergeCustomers | Kind::MergeCompanies => {
            ("Tickets that come over", format!("Tickets of {} come over.", errand.whose))
        }
        Kind::Convert => ("Tickets that change company", format!("Tickets of {} change company.", errand.whose)),
        Kind::Erase => ("Erasing", "They are being taken out of all they have taken part in.".to_owned()),
    };
    view! {
        <div class="stack">
            <div class="progress">
                <progress class="progress__bar" aria-label=label max="100" value=errand.percent().to_string()></progress>
                <span class="progress__number">{format!("{done} / {all}")}</span>
                <p class="progress__text">{format!("{said} You can leave this page; it goes on.")}</p>
            </div>
            <div class="actions">
                <a class="button button--ghost" href=page.to_owned() rel="external">
                    "Look again"
                </a>
            </div>
        </div>
    }
    .into_any()
}
