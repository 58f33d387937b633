//! `/companies/N`: what it is, its people and its tickets.

use crate::customers::{
    pieces::{Pages, PeoplePage, Tickets, about, fact, in_lines, in_paragraphs, logo},
    rpc,
    underway::Underway,
};
use crate::erased::{Sometimes, memo};
use crate::fetched::{Fetched, resource};
use crate::{
    app::go_to,
    icons::{Ico, Icon},
    me,
    shared::{EmptyState, When, fetched},
};
use domain::{
    CompanyId, Error,
    company::Company,
    customer::{CustomerFilter, CustomerRow, counted},
    errand::About,
    fields::{Filled, Whole},
    page::Page,
    policy::Action,
    ticket::Filter,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// The number in the address of a page.
pub fn asked() -> Memo<Option<CompanyId>> {
    let params = use_params_map();
    memo(move || params.with(|p| p.get("id").and_then(|n| n.parse().ok())).map(CompanyId))
}

/// The company of this page's address.
pub fn company_resource() -> Fetched<Company> {
    let id = asked();
    resource(move || id.get(), |id| async move { whole(id).await.map(|company| company.it) })
}

/// The same with custom fields.
pub fn whole_resource() -> Fetched<Whole<Company>> {
    let id = asked();
    resource(move || id.get(), whole)
}

async fn whole(id: Option<CompanyId>) -> crate::rpc::Rpc<Whole<Company>> {
    match id {
        Some(id) => rpc::view_company(id).await,
        None => Err(Error::not_found("company").into()),
    }
}

#[component]
pub fn CompanyPage() -> impl IntoView {
    let (id, found) = (asked(), whole_resource());
    about("Company", found, move |Whole { it: company, fields }| {
        Ok(match Some(company.id) == id.get_untracked() {
            true => view! { <Shown company fields /> }.into_any(),
            // Merged into another one: its page is this one's.
            false => go_to(&format!("/companies/{}", company.id)),
        })
    })
}

#[component]
fn Shown(company: Company, fields: Vec<Filled>) -> impl IntoView {
    let id = company.id;
    let over = RwSignal::new(0);
    let path = format!("/companies/{id}");
    let up = ("Companies".to_owned(), "/companies".to_owned());
    let name = company.name.clone();
    let actions = view! {
        <a class="button" href=format!("{path}/edit")>
            <Ico icon=Icon::Pencil />
            "Edit"
        </a>
        {me::may(Action::MergePeople)
            .shown(|| {
                view! {
                    <a class="button" href=format!("{path}/merge")>
                        <Ico icon=Icon::Merge />
                        "Merge"
                    </a>
                }
            })}
    }
    .into_any();
    let outside = (company.outside > 0).then(|| {
        let text = if company.outside == 1 {
            "1 customer has an address in its domains and does not belong to it.".to_owned()
        } else {
            format!("{} customers have addresses in its domains and do not belong to it.", counted(company.outside))
        };
        view! {
            <div class="notice" data-kind="info">
                <Ico icon=Icon::Info />
                <p>{text}</p>
                <div class="actions">
                    <a class="button button--sm" href=format!("/companies/{id}/people")>
                        "Look at them"
                    </a>
                </div>
            </div>
        }
    });
    view! {
        <PeoplePage title=name up actions mark=logo(id, company.logo)>
            {outside}
            <Underway about=About::Company(id) page=path.clone() over />
            <section class="section" aria-label="About this company">
                <dl class="box facts">
                    {fact(
                        "Tier",
                        (!company.tier.is_empty())
                            .shown(|| view! { <span class="badge">{company.tier}</span> }.into_any()),
                    )} {fact("Domains", in_lines(company.domains))}
                    {fact(
                        "Its users see",
                        Some(
                            if company.sees_all { "All tickets of the company" } else { "Only their own tickets" }
                                .into_any(),
                        ),
                    )}
                    {fact("Satisfaction", company.rating.words().map(IntoAny::into_any))}
                    {fact("Colour", (!company.accent.is_empty()).then(|| swatch(&company.accent)))}
                    {fact("Since", Some(view! { <When at=company.created_at in_words=true /> }.into_any()))}
                    {crate::fields::facts(&fields)} {fact("Notes, for staff", in_paragraphs(company.notes))}
                </dl>
            </section>
            <People id />
            <Tickets filter=Filter { company: Some(id), ..Filter::default() } path again=over />
        </PeoplePage>
    }
    .into_any()
}

/// A colour as it was chosen. What a picture is filled with is no style, so it may stand in a page.
fn swatch(colour: &str) -> AnyView {
    view! {
        <span class="row">
            <svg class="swatch" viewBox="0 0 1 1" aria-hidden="true">
                <rect width="1" height="1" fill=colour.to_owned() />
            </svg>
            {colour.to_owned()}
        </span>
    }
    .into_any()
}

#[component]
fn People(id: CompanyId) -> impl IntoView {
    let query = use_query_map();
    let after = memo(move || query.with(|q| q.get("people")).filter(|a| !a.is_empty()));
    let found = resource(
        move || after.get(),
        move |after| async move {
            rpc::list_customers(CustomerFilter { company: Some(id), after, ..CustomerFilter::default() }).await
        },
    );
    view! {
        <section class="section" aria-labelledby="people-title" id="people">
            <div class="section__head">
                <h2 class="section__title" id="people-title">
                    "People"
                </h2>
            </div>
            {fetched(
                || view! { <i class="skeleton skeleton--block" data-tall="160"></i> }.into_any(),
                found,
                move |page: Page<CustomerRow>| {
                    if page.rows.is_empty() {
                        return view! {
                            <EmptyState
                                icon=Icon::Users
                                title="Nobody yet"
                                text="Whoever writes from one of its domains for the first time joins it."
                            />
                        }
                            .into_any();
                    }
                    let to = |next: String| {
                        format!("/companies/{id}?people={}#people", domain::attachment::url_name(&next))
                    };
                    let first = after.get_untracked().map(|_| format!("/companies/{id}#people"));
                    view! {
                        {crate::customers::customer_table(&page.rows, false)}
                        <Pages first next=page.next.map(to) what="people" />
                    }
                        .into_any()
                },
            )}
        </section>
    }
    .into_any()
}
