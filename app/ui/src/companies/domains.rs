//! `/companies/N/people`: customers with an address in the company's domains who do not belong to it, to be brought in.

use super::page::{asked, company_resource};
use crate::customers::{
    pieces::{PeoplePage, failed, loading},
    rpc,
};
use crate::erased::Rows;
use crate::fetched::resource;
use crate::{
    icons::Icon,
    rpc::Rpc,
    shared::{EmptyState, awaited},
};
use domain::{
    Error,
    company::Company,
    customer::{CustomerRow, counted_as},
};
use leptos::prelude::*;

#[component]
pub fn OutsidePage() -> impl IntoView {
    let (id, found) = (asked(), company_resource());
    let outside = resource(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => rpc::outside(id).await,
                None => Err(Error::not_found("company").into()),
            }
        },
    );
    awaited(loading, move || async move {
        let (company, outside): (Rpc<Company>, Rpc<Vec<CustomerRow>>) = (found.await, outside.await);
        match (company, outside) {
            (Ok(company), Ok(people)) => view! { <Shown company people /> }.into_any(),
            (Err(error), _) | (_, Err(error)) => {
                failed(error.0, "People by domain", Callback::new(move |()| found.refetch()))
            }
        }
    })
}

#[component]
fn Shown(company: Company, people: Vec<CustomerRow>) -> impl IntoView {
    let page = format!("/companies/{}", company.id);
    let up = (company.name.clone(), page.clone());
    if people.is_empty() {
        return view! {
            <PeoplePage title="People by domain" up narrow=true>
                <EmptyState
                    icon=Icon::Users
                    title="Nobody is left outside"
                    text="Every customer with an address in its domains has a company."
                />
            </PeoplePage>
        }
        .into_any();
    }
    let visible = if company.sees_all {
        format!("They will see all tickets of {}, and its users theirs from then on.", company.name)
    } else {
        format!("Users of {} do not see each other's tickets.", company.name)
    };
    view! {
        <PeoplePage
            title="People by domain"
            up
            narrow=true
            lead=format!("They have an address in a domain of {} and belong to no company.", company.name)
        >
            <form method="post" action=format!("{page}/people") class="stack">
                <p class="notice" data-kind="info">
                    {visible}
                </p>
                <fieldset class="box">
                    <legend class="sr-only">"Who joins"</legend>
                    {people
                        .into_iter()
                        .map(|person| {
                            view! {
                                <label class="box__row check">
                                    <span>
                                        {person.name}
                                        <span class="field__hint">
                                            {format!(" {} · {}", person.email, counted_as(person.tickets, "ticket", "tickets"))}
                                        </span>
                                    </span>
                                    <input type="checkbox" name="person" value=person.id.to_string() checked=true />
                                </label>
                            }
                        })
                        .rows()}
                </fieldset>
                <label class="check">
                    <input type="checkbox" name="tickets" />
                    <span>
                        "Take their earlier tickets along " <span class="field__hint">"Very many follow in the background."</span>
                    </span>
                </label>
                <div class="actions">
                    <button class="button button--primary" type="submit">
                        "Bring in"
                    </button>
                    <a class="button" href=page.clone()>
                        "Cancel"
                    </a>
                </div>
            </form>
        </PeoplePage>
    }
    .into_any()
}
