//! Two customers who are the same: the other one is found, what will move is said, and then it is done.

use super::{
    merging::{ChooseOther, ConfirmMerge, Side, Words},
    page::{asked, customer_resource},
    pieces::{failed, loading},
    rpc,
};
use crate::erased::memo;
use crate::fetched::resource;
use crate::{icons::Icon, rpc::Rpc, shared::awaited};
use domain::{
    Error, UserId,
    company::CompanyName,
    customer::{Customer, CustomerFilter, CustomerMerge, CustomerRow, MOVED_MAX, counted_as},
    text::grouped,
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
            (Ok(_), _, Ok(Some(preview))) => confirm(&preview),
            (Ok(customer), Ok(hits), Ok(None)) => choose(customer, hits, typed.get_untracked()),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                let error = Error { message: error.0.in_words(), fields: Vec::new(), ..error.0 };
                failed(error, "Merge customers", retry)
            }
        }
    })
}

fn hint(email: &str, company: Option<&CompanyName>, tickets: i64) -> String {
    let company = company.map(|company| format!(" · {}", company.name)).unwrap_or_default();
    format!("{email}{company} · {}", counted_as(tickets, "ticket", "tickets"))
}

/// A customer among others.
fn side(c: &Customer) -> Side {
    Side { id: c.id.0, name: c.name.clone(), hint: hint(&c.email, c.company.as_ref(), c.tickets) }
}

fn choose(customer: Customer, hits: Option<Vec<CustomerRow>>, typed: String) -> AnyView {
    let words = Words {
        lead: "Find the other entry of the same person. You see what will move before anything is changed.",
        label: "Find the other customer",
        placeholder: "Name or e-mail address",
        nothing: "Nobody else found",
        icon: Icon::Users,
    };
    let hit = |row: CustomerRow| {
        let hint = hint(&row.email, row.company.as_ref(), row.tickets);
        (row.id != customer.id).then_some(Side { id: row.id.0, name: row.name, hint })
    };
    let hits = hits.map(|rows| rows.into_iter().filter_map(hit).collect::<Vec<_>>());
    let page = format!("/customers/{}", customer.id);
    view! { <ChooseOther page name=customer.name words typed hits /> }.into_any()
}

/// What will move, sentence by sentence.
fn consequences(merge: &CustomerMerge) -> Vec<String> {
    let (kept, gone) = (&merge.kept, &merge.gone);
    let mut said = Vec::new();
    let many = merge.tickets > MOVED_MAX;
    let tickets = match merge.tickets {
        1 => "1 ticket".to_owned(),
        n if many => format!("More than {} tickets", grouped(n - 1)),
        n => format!("{} tickets", grouped(n)),
    };
    said.push(format!("{tickets} of {} become {}'s, with all messages and files.", gone.name, kept.name));
    if many {
        said.push(format!("They follow in the background, which takes a while. {} sees them at once.", kept.name));
    }
    let addresses = std::iter::once(&gone.email).chain(&gone.emails).cloned().collect::<Vec<_>>().join(", ");
    said.push(format!("Mails from {addresses} are {}'s from then on.", kept.name));
    if !gone.phones.is_empty() || !gone.notes.is_empty() || merge.channels {
        said.push("Phone numbers, channel identities and notes of both are kept.".into());
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

fn confirm(merge: &CustomerMerge) -> AnyView {
    let said = consequences(merge);
    view! { <ConfirmMerge list="/customers" kept=side(&merge.kept) gone=side(&merge.gone) said /> }.into_any()
}
