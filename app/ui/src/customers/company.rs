//! An individual becomes a company's user, and back: first a company is named, then it is said what becomes visible to whom.

use super::{
    page::{asked, customer_resource},
    pieces::{CompanyField, PeoplePage, failed, filled, loading},
    rpc,
};
use crate::erased::{Rows, Sometimes, memo};
use crate::fetched::resource;
use crate::{
    flash::Flash,
    icons::{Ico, Icon},
    rpc::Rpc,
    shared::awaited,
};
use domain::{
    Error,
    customer::{Conversion, Customer, MOVED_MAX},
    text::grouped,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// `/customers/N/company`. `?company=` the name of the one to come to, `?none` for none.
#[component]
pub fn ConvertPage() -> impl IntoView {
    let (id, query) = (asked(), use_query_map());
    let found = customer_resource();
    // Nothing: nobody has said yet. An empty name: none.
    let to = memo(move || {
        query.with(|q| match q.get("none") {
            Some(_) => Some(String::new()),
            None => q.get("company").map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()),
        })
    });
    let preview = resource(
        move || (id.get(), to.get()),
        |asked| async move {
            match asked {
                (Some(id), Some(to)) => rpc::preview_conversion(id, Some(to).filter(|t| !t.is_empty())).await.map(Some),
                _ => Ok(None),
            }
        },
    );
    awaited(loading, move || async move {
        let (customer, preview): (Rpc<Customer>, Rpc<Option<Conversion>>) = (found.await, preview.await);
        match (customer, preview) {
            (Ok(_), Ok(Some(preview))) => view! { <Confirm preview /> }.into_any(),
            (Ok(customer), Ok(None)) => view! { <Choose customer typed=String::new() problem=None /> }.into_any(),
            (Ok(customer), Err(error)) if error.0.of_field("company").is_some() => {
                let typed = to.get_untracked().unwrap_or_default();
                view! { <Choose customer typed problem=Some(error.0) /> }.into_any()
            }
            (Err(error), _) | (_, Err(error)) => {
                failed(error.0, "Change company", Callback::new(move |()| found.refetch()))
            }
        }
    })
}

#[component]
fn Choose(customer: Customer, typed: String, problem: Option<Error>) -> impl IntoView {
    let page = format!("/customers/{}", customer.id);
    let up = (customer.name.clone(), page.clone());
    let flash = filled(Flash::default(), &[("company", &typed)]);
    let flash = Flash { error: problem, ..flash };
    let now = match &customer.company {
        Some(company) => format!("{} belongs to {}.", customer.name, company.name),
        None => format!("{} is an individual: no company.", customer.name),
    };
    view! {
        <PeoplePage title="Change company" up narrow=true lead=now>
            // In full: what was typed before stands in the address.
            <form action=format!("{page}/company") class="stack">
                <CompanyField flash hint="You see what becomes visible to whom before anything is changed." />
                <div class="actions">
                    <button class="button button--primary" type="submit">
                        "Go on"
                    </button>
                    {customer
                        .company
                        .is_some()
                        .shown(|| {
                            view! {
                                <a class="button" href=format!("{page}/company?none=1")>
                                    "Make an individual"
                                </a>
                            }
                        })}
                    <a class="button" href=page.clone()>
                        "Cancel"
                    </a>
                </div>
            </form>
        </PeoplePage>
    }
    .into_any()
}

/// What becomes visible to whom, sentence by sentence.
fn consequences(preview: &Conversion) -> Vec<String> {
    let name = &preview.customer.name;
    let mut said = Vec::new();
    if let Some(from) = &preview.customer.company {
        said.push(if preview.from_sees_all {
            format!("{name} no longer sees the tickets of {}, but for their own.", from.name)
        } else {
            format!("{name} leaves {}.", from.name)
        });
    }
    match (&preview.to, preview.to_sees_all) {
        (Some(to), true) => {
            said.push(format!("{name} sees all tickets of {} from now on.", to.name));
            said.push(format!("All users of {} see what {name} asks for from now on.", to.name));
        }
        (Some(to), false) => said
            .push(format!("New tickets of {name} belong to {}. Its users do not see each other's tickets.", to.name)),
        (None, _) => said.push(format!("New tickets of {name} are seen by nobody else but staff.")),
    }
    said.push("They are asked to reload open pages, and stay signed in.".to_owned());
    said
}

/// What it would mean to hand the tickets over, too.
fn of_tickets(preview: &Conversion) -> (String, String) {
    let name = &preview.customer.name;
    let many = preview.tickets > MOVED_MAX;
    let label = match preview.tickets {
        1 => "Take 1 earlier ticket along".to_owned(),
        n if many => format!("Take more than {} earlier tickets along", grouped(n - 1)),
        n => format!("Take {} earlier tickets along", grouped(n)),
    };
    let hint = match (&preview.customer.company, &preview.to) {
        (_, Some(to)) if preview.to_sees_all => format!("All users of {} will see them.", to.name),
        (Some(from), None) if preview.from_sees_all => {
            format!("Users of {} will no longer see them. Else they keep seeing them.", from.name)
        }
        (_, Some(to)) => format!("They count as tickets of {} then.", to.name),
        (_, None) => "They count as no company's then.".to_owned(),
    };
    let pace = match many {
        true => " They follow in the background, which takes a while: until then each is seen by those who see it now.",
        false => "",
    };
    (label, format!("{hint} {name} sees them in any case.{pace}"))
}

#[component]
fn Confirm(preview: Conversion) -> impl IntoView {
    let customer = &preview.customer;
    let page = format!("/customers/{}", customer.id);
    let up = (customer.name.clone(), page.clone());
    let title = match &preview.to {
        Some(to) => format!("Move {} to {}?", customer.name, to.name),
        None => format!("Make {} an individual?", customer.name),
    };
    let id = |company: Option<&domain::company::CompanyName>| company.map_or(String::new(), |c| c.id.to_string());
    let (from, to) = (id(customer.company.as_ref()), id(preview.to.as_ref()));
    let same = from == to;
    let tickets = (preview.tickets > 0).then(|| of_tickets(&preview));
    view! {
        <PeoplePage title up narrow=true>
            {if same {
                view! {
                    <p class="notice" data-kind="info">
                        <Ico icon=Icon::Info />
                        "That is where they are already. There is nothing to change."
                    </p>
                    <div class="actions">
                        <a class="button" href=page.clone()>
                            "Back"
                        </a>
                    </div>
                }
                    .into_any()
            } else {
                view! {
                    <form method="post" action=format!("{page}/company") class="stack">
                        <input type="hidden" name="from" value=from />
                        <input type="hidden" name="to" value=to />
                        <ul class="notice notice--list" data-kind="info">
                            {consequences(&preview).into_iter().map(|line| view! { <li>{line}</li> }).rows()}
                        </ul>
                        {tickets
                            .map(|(label, hint)| {
                                view! {
                                    <label class="check">
                                        <input type="checkbox" name="tickets" />
                                        <span>{label} " " <span class="field__hint">{hint}</span></span>
                                    </label>
                                }
                            })}
                        <div class="actions">
                            <button class="button button--primary" type="submit">
                                "Change company"
                            </button>
                            <a class="button" href=page.clone()>
                                "Cancel"
                            </a>
                        </div>
                    </form>
                }
                    .into_any()
            }}
        </PeoplePage>
    }
    .into_any()
}
