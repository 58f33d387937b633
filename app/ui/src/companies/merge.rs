//! Two companies that are the same: the other one is found, what will move is said, and then it is done.

use super::page::{asked, company_resource};
use crate::customers::{
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
    CompanyId, Error,
    company::{Company, CompanyFilter, CompanyMerge, CompanyRow},
    customer::counted,
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
            (Ok(_), _, Ok(Some(preview))) => view! { <Confirm preview /> }.into_any(),
            (Ok(company), Ok(hits), Ok(None)) => {
                view! { <Choose company hits typed=typed.get_untracked() /> }.into_any()
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                let error = Error { message: error.0.in_words(), fields: Vec::new(), ..error.0 };
                failed(error, "Merge companies", Callback::new(move |()| found.refetch()))
            }
        }
    })
}

#[component]
fn Choose(company: Company, hits: Option<Vec<CompanyRow>>, typed: String) -> impl IntoView {
    let page = format!("/companies/{}", company.id);
    let up = (company.name.clone(), page.clone());
    let (id, action) = (company.id, format!("{page}/merge"));
    view! {
        <PeoplePage
            title=format!("Merge {} with…", company.name)
            up
            narrow=true
            lead="Find the other entry of the same company. You see what will move before anything is changed."
        >
            <form class="query" role="search" action=action.clone()>
                <Ico icon=Icon::Search />
                <div class="query__field">
                    <input
                        class="query__input"
                        type="search"
                        name="q"
                        aria-label="Find the other company"
                        placeholder="Name or domain"
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
                        return view! { <EmptyState icon=Icon::Building title="No other company found" /> }.into_any();
                    }
                    view! {
                        <div class="box">
                            {hits
                                .into_iter()
                                .map(|hit| {
                                    view! {
                                        <div class="box__row">
                                            <div>
                                                {hit.name.clone()}
                                                <p class="field__hint">
                                                    {format!("{} people {}", counted(hit.people), hit.domains.join(", "))}
                                                </p>
                                            </div>
                                            <a
                                                class="button button--sm"
                                                href=format!("{action}?with={}", hit.id)
                                                aria-label=format!("Choose {}", hit.name)
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
fn consequences(merge: &CompanyMerge) -> Vec<String> {
    let (kept, gone) = (&merge.kept, &merge.gone);
    let count =
        |n: i64, one: &str, many: &str| if n == 1 { format!("1 {one}") } else { format!("{} {many}", counted(n)) };
    let mut said = vec![format!(
        "{} and {} of {} come to {}; the tickets follow in the background.",
        count(merge.people, "person", "people"),
        count(merge.tickets, "ticket", "tickets"),
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

#[component]
fn Confirm(preview: CompanyMerge) -> impl IntoView {
    let (kept, gone) = (&preview.kept, &preview.gone);
    let page = format!("/companies/{}", kept.id);
    let other = format!("/companies/{}/merge?with={}", gone.id, kept.id);
    let up = (kept.name.clone(), page.clone());
    let side = |title: &'static str, company: &Company| {
        view! {
            <div class="box__row">
                <div>
                    <span class="faint">{title}</span>
                    <p>{company.name.clone()}</p>
                    <p class="field__hint">{company.domains.join(", ")}</p>
                </div>
            </div>
        }
        .into_any()
    };
    let sides = view! { {side("This one is kept", kept)} {side("This one goes", gone)} }.into_any();
    let (said, with) = (consequences(&preview), gone.id.to_string());
    view! {
        <PeoplePage title="Merge these two?" up narrow=true>
            <form method="post" action=format!("{page}/merge") class="stack">
                <input type="hidden" name="with" value=with />
                <div class="box">{sides}</div>
                <ul class="notice notice--list" data-kind="warning">
                    {said.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
                </ul>
                <div class="actions">
                    <button class="button button--danger" type="submit">
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
