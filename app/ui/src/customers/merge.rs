//! Two customers who are the same: the other one is found, what will move is said, and then it is done.

use super::{
    page::{asked, customer_resource},
    pieces::{PeoplePage, failed, loading},
    rpc,
};
use crate::erased::memo;
use crate::json::resource;
use crate::{
    icons::{Ico, Icon},
    rpc::Rpc,
    shared::{EmptyState, awaited},
};
use domain::{
    Error, UserId,
    customer::{Customer, CustomerFilter, CustomerMerge, CustomerRow, MOVED_MAX, counted},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// `/customers/N/merge`. `?q=` to find the other one, `?with=` the other one.
#[component]
pub fn MergeCustomersPage() -> impl IntoView {
    let (id, query) = (asked(), use_query_map());
    let found = customer_resource();
    let typed = memo(move || query.with(|q| q.get("q").unwrap_or_default()));
    let with = memo(move || query.with(|q| q.get("with").and_then(|n| n.parse().ok())).map(UserId));
    let hits = resource(
        move || (typed.get(), with.get()),
        |(text, with)| async move {
            if text.trim().is_empty() || with.is_some() {
                return Ok(None);
            }
            let filter = CustomerFilter { text, ..CustomerFilter::default() };
            rpc::list_customers(filter).await.map(|page| Some(page.rows))
        },
    );
    let preview = resource(
        move || (id.get(), with.get()),
        |asked| async move {
            match asked {
                (Some(kept), Some(gone)) => rpc::preview_customers(kept, gone).await.map(Some),
                _ => Ok(None),
            }
        },
    );
    awaited(loading, move || async move {
        let (customer, hits): (Rpc<Customer>, Rpc<Option<Vec<CustomerRow>>>) = (found.await, hits.await);
        let preview: Rpc<Option<CustomerMerge>> = preview.await;
        let retry = Callback::new(move |()| found.refetch());
        match (customer, hits, preview) {
            (Ok(_), _, Ok(Some(preview))) => view! { <Confirm preview /> }.into_any(),
            (Ok(customer), Ok(hits), Ok(None)) => {
                view! { <Choose customer hits typed=typed.get_untracked() /> }.into_any()
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                let error = Error { message: error.0.in_words(), fields: Vec::new(), ..error.0 };
                failed(error, "Merge customers", retry)
            }
        }
    })
}

#[component]
fn Choose(customer: Customer, hits: Option<Vec<CustomerRow>>, typed: String) -> impl IntoView {
    let page = format!("/customers/{}", customer.id);
    let up = (customer.name.clone(), page.clone());
    let id = customer.id;
    let action = format!("{page}/merge");
    view! {
        <PeoplePage
            title=format!("Merge {} with…", customer.name)
            up
            narrow=true
            lead="Find the other entry of the same person. You see what will move before anything is changed."
        >
            <form class="query" role="search" action=action.clone()>
                <Ico icon=Icon::Search />
                <div class="query__field">
                    <input
                        class="query__input"
                        type="search"
                        name="q"
                        aria-label="Find the other customer"
                        placeholder="Name or e-mail address"
                        value=typed
                    />
                </div>
                <button class="button button--sm" type="submit">
                    "Find"
                </button>
            </form>
            {hits
                .map(|hits| {
                    let hits: Vec<_> = hits.into_iter().filter(|h| h.id != id).collect();
                    if hits.is_empty() {
                        return view! { <EmptyState icon=Icon::Users title="Nobody else found" /> }.into_any();
                    }
                    view! {
                        <div class="box">
                            {hits
                                .into_iter()
                                .map(|hit| {
                                    let company = hit.company.map(|c| format!(" · {}", c.name)).unwrap_or_default();
                                    view! {
                                        <div class="box__row">
                                            <div>
                                                {hit.name.clone()}
                                                <p class="field__hint">
                                                    {format!("{}{company} · {} tickets", hit.email, counted(hit.tickets))}
                                                </p>
                                            </div>
                                            <a
                                                class="button button--sm"
                                                href=format!("{action}?with={}", hit.id)
                                                aria-label=format!("Choose {}, {}", hit.name, hit.email)
                                            >
                                                "Choose"
                                            </a>
                                        </div>
                                    }
                                })
                                .collect_view()}
                        </div>
                    }
                        .into_any()
                })}
        </PeoplePage>
    }
    .into_any()
}

/// What will move, sentence by sentence.
fn consequences(merge: &CustomerMerge) -> Vec<String> {
    let (kept, gone) = (&merge.kept, &merge.gone);
    let mut said = Vec::new();
    let tickets = if merge.tickets == 1 { "1 ticket".to_owned() } else { format!("{} tickets", merge.tickets) };
    said.push(format!("{tickets} of {} become {}'s, with all messages and files.", gone.name, kept.name));
    let addresses = std::iter::once(&gone.email).chain(&gone.emails).cloned().collect::<Vec<_>>().join(", ");
    said.push(format!("Mails from {addresses} are {}'s from then on.", kept.name));
    if !gone.phones.is_empty() || !gone.notes.is_empty() {
        said.push("Phone numbers and notes of both are kept.".into());
    }
    match (&kept.company, &gone.company) {
        (Some(a), Some(b)) if a.id != b.id => said.push(format!("They belong to {}, no longer to {}.", a.name, b.name)),
        (Some(a), None) => said.push(format!("They belong to {}.", a.name)),
        (None, Some(b)) => said.push(format!("They are an individual, no longer of {}.", b.name)),
        _ => {}
    }
    said.push(match (kept.has_login, gone.has_login) {
        (true, true) => format!("They sign in with the password of {}; the other one ends.", kept.email),
        (true, false) => "They sign in as before.".to_owned(),
        (false, true) => format!("The password of {} ends: they set a new one to sign in again.", gone.email),
        (false, false) => "Neither of them has a password.".to_owned(),
    });
    if gone.blocked_at.is_some() && kept.blocked_at.is_none() {
        said.push(format!("{} was blocked; what is kept is not.", gone.name));
    }
    said.push("This cannot be undone.".into());
    said
}

#[component]
fn Confirm(preview: CustomerMerge) -> impl IntoView {
    let (kept, gone) = (&preview.kept, &preview.gone);
    let page = format!("/customers/{}", kept.id);
    let other = format!("/customers/{}/merge?with={}", gone.id, kept.id);
    let up = (kept.name.clone(), page.clone());
    let too_many = preview.tickets > MOVED_MAX;
    let side = |title: &'static str, c: &Customer| {
        view! {
            <div class="box__row">
                <div>
                    <span class="faint">{title}</span>
                    <p>{c.name.clone()}</p>
                    <p class="field__hint">
                        {format!(
                            "{}{} · {} tickets",
                            c.email,
                            c.company.as_ref().map(|c| format!(" · {}", c.name)).unwrap_or_default(),
                            counted(c.tickets),
                        )}
                    </p>
                </div>
            </div>
        }
        .into_any()
    };
    let sides = view! { {side("This one is kept", kept)} {side("This one goes", gone)} }.into_any();
    let said = match too_many {
        true => vec!["The one that goes has more than 2,000 tickets. Keep that one instead.".to_owned()],
        false => consequences(&preview),
    };
    let with = gone.id.to_string();
    view! {
        <PeoplePage title="Merge these two?" up narrow=true>
            <form method="post" action=format!("{page}/merge") class="stack">
                <input type="hidden" name="with" value=with />
                <div class="box">{sides}</div>
                <ul class="notice notice--list" data-kind=if too_many { "error" } else { "warning" }>
                    {said.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
                </ul>
                <div class="actions">
                    <button class="button button--danger" type="submit" disabled=too_many>
                        "Merge"
                    </button>
                    <a class="button" href=other>
                        "Keep the other one"
                    </a>
                    <a class="button" href=page.clone()>
                        "Cancel"
                    </a>
                </div>
            </form>
        </PeoplePage>
    }
    .into_any()
}
