//! Two companies that are the same: the other one is found, what will move is said, and then it is done.

use super::page::{asked, company_resource};
use crate::customers::{
    merging::{ChooseOther, ConfirmMerge, Side, Words},
    pieces::{failed, loading},
    rpc,
};
use crate::erased::memo;
use crate::fetched::resource;
use crate::{icons::Icon, rpc::Rpc, shared::awaited};
use domain::{
    CompanyId, Error,
    company::{Company, CompanyFilter, CompanyMerge, CompanyRow},
    customer::counted_as,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// `/companies/N/merge`. `?q=` to find the other one, `?with=` the other one.
#[component]
pub fn MergeCompaniesPage() -> impl IntoView {
    let (id, query) = (asked(), use_query_map());
    let found = company_resource();
    let typed = memo(move || query.with(|q| q.get("q").unwrap_or_default()));
    let with = memo(move || query.with(|q| q.get("with").and_then(|n| n.parse().ok())).map(CompanyId));
    let hits = resource(
        move || (typed.get(), with.get()),
        |(text, with)| async move {
            if text.trim().is_empty() || with.is_some() {
                return Ok(None);
            }
            rpc::list_companies(CompanyFilter { text, after: None }).await.map(|page| Some(page.rows))
        },
    );
    let preview = resource(
        move || (id.get(), with.get()),
        |asked| async move {
            match asked {
                (Some(kept), Some(gone)) => rpc::preview_companies(kept, gone).await.map(Some),
                _ => Ok(None),
            }
        },
    );
    awaited(loading, move || async move {
        let (company, hits): (Rpc<Company>, Rpc<Option<Vec<CompanyRow>>>) = (found.await, hits.await);
        let preview: Rpc<Option<CompanyMerge>> = preview.await;
        match (company, hits, preview) {
            (Ok(_), _, Ok(Some(preview))) => confirm(&preview),
            (Ok(company), Ok(hits), Ok(None)) => choose(company, hits, typed.get_untracked()),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                let error = Error { message: error.0.in_words(), fields: Vec::new(), ..error.0 };
                failed(error, "Merge companies", Callback::new(move |()| found.refetch()))
            }
        }
    })
}

/// A company among others.
fn side(company: &Company) -> Side {
    Side { id: company.id.0, name: company.name.clone(), hint: company.domains.join(", ") }
}

fn choose(company: Company, hits: Option<Vec<CompanyRow>>, typed: String) -> AnyView {
    let words = Words {
        lead: "Find the other entry of the same company. You see what will move before anything is changed.",
        label: "Find the other company",
        placeholder: "Name or domain",
        nothing: "No other company found",
        icon: Icon::Building,
    };
    let hit = |row: CompanyRow| {
        let hint = format!("{} {}", counted_as(row.people, "person", "people"), row.domains.join(", "));
        (row.id != company.id).then_some(Side { id: row.id.0, name: row.name, hint })
    };
    let hits = hits.map(|rows| rows.into_iter().filter_map(hit).collect::<Vec<_>>());
    let page = format!("/companies/{}", company.id);
    view! { <ChooseOther page name=company.name words typed hits /> }.into_any()
}

/// What will move, sentence by sentence.
fn consequences(merge: &CompanyMerge) -> Vec<String> {
    let (kept, gone) = (&merge.kept, &merge.gone);
    let mut said = vec![format!(
        "{} and {} of {} come to {}; the tickets follow in the background.",
        counted_as(merge.people, "person", "people"),
        counted_as(merge.tickets, "ticket", "tickets"),
        gone.name,
        kept.name
    )];
    if kept.sees_all {
        said.push(format!("All of them see all of each other's tickets: that is how it is at {}.", kept.name));
    } else if gone.sees_all {
        said.push(format!("They see only their own tickets from then on: that is how it is at {}.", kept.name));
    }
    if !gone.domains.is_empty() {
        said.push(format!("New customers from {} join {}.", gone.domains.join(", "), kept.name));
    }
    if kept.tier != gone.tier {
        said.push(match kept.tier.as_str() {
            "" => format!("It has no tier; “{}” is dropped.", gone.tier),
            tier => format!("Its tier is “{tier}”."),
        });
    }
    said.push("This cannot be undone.".into());
    said
}

fn confirm(merge: &CompanyMerge) -> AnyView {
    let said = consequences(merge);
    view! { <ConfirmMerge list="/companies" kept=side(&merge.kept) gone=side(&merge.gone) said /> }.into_any()
}
