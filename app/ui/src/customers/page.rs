//! `/customers/N`: who it is, what can be done, and their tickets.

use super::{
    lists::Lists,
    pieces::{PeoplePage, about, fact, in_lines, in_paragraphs},
    rpc,
    underway::Underway,
};
use crate::erased::{Rows, Sometimes, effect, memo};
use crate::fetched::{Fetched, resource};
use crate::{
    app::go_to,
    flash::{Flash, flash},
    icons::{Ico, Icon},
    me,
    shared::{Question, When, fetched},
};
use domain::{
    Error, UserId,
    channel::Identity,
    customer::{Customer, Export, Known},
    errand::About,
    fields::{Filled, Whole},
    policy::Action,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// The number in the address of a page.
pub fn asked() -> Memo<Option<UserId>> {
    let params = use_params_map();
    memo(move || params.with(|p| p.get("id").and_then(|n| n.parse().ok())).map(UserId))
}

/// The customer of this page's address, as it is shown on each of their pages.
pub fn customer_resource() -> Fetched<Customer> {
    let id = asked();
    resource(move || id.get(), |id| async move { whole(id).await.map(|known| known.it.customer) })
}

/// The same with channels and custom fields.
pub fn whole_resource() -> Fetched<Whole<Known>> {
    let id = asked();
    resource(move || id.get(), whole)
}

async fn whole(id: Option<UserId>) -> crate::rpc::Rpc<Whole<Known>> {
    match id {
        Some(id) => rpc::view_customer(id).await,
        None => Err(Error::not_found("customer").into()),
    }
}

/// A page that asks before something is done to the customer of its address that cannot be taken back.
pub(super) fn asked_again(title: &'static str, action: Action, ask: fn(Customer, Flash) -> AnyView) -> AnyView {
    let flash = flash();
    about(title, customer_resource(), move |customer| match customer.erased {
        _ if !me::may(action) => Err(Error::forbidden()),
        true => Err(Error::not_found("customer")),
        false => Ok(ask(customer, flash.clone())),
    })
}

#[component]
pub fn CustomerPage() -> impl IntoView {
    let (id, found) = (asked(), whole_resource());
    about("Customer", found, move |Whole { it: known, fields }| {
        Ok(match Some(known.customer.id) == id.get_untracked() {
            true => view! { <Shown known fields /> }.into_any(),
            // Merged into another one: their page is this one's.
            false => go_to(&format!("/customers/{}", known.customer.id)),
        })
    })
}

#[component]
fn Shown(known: Known, fields: Vec<Filled>) -> impl IntoView {
    let Known { customer, channels } = known;
    let id = customer.id;
    let over = RwSignal::new(0);
    let path = format!("/customers/{id}");
    let erased = customer.erased;
    let blocked = customer.blocked_at.is_some();
    let second_factor = customer.second_factor;
    let asked = use_query_map().with_untracked(|query| query.get("ask")).as_deref() == Some("block");
    let asked = asked && !blocked && !erased;
    let actions = (!erased).shown(|| view! { <Actions id blocked second_factor /> }.into_any());
    let up = ("Customers".to_owned(), "/customers".to_owned());
    let name = customer.name.clone();
    view! {
        <PeoplePage title=name up actions=actions.unwrap_or_else(|| ().into_any())>
            {erased
                .shown(|| {
                    view! {
                        <p class="notice" data-kind="info">
                            <Ico icon=Icon::Info />
                            "This person was erased. Their tickets are kept without them."
                        </p>
                    }
                })}
            {(blocked && !erased)
                .shown(|| {
                    view! {
                        <p class="notice" data-kind="warning">
                            <Ico icon=Icon::Alert />
                            "Blocked: cannot sign in, and mails from any of their addresses go to the quarantine."
                        </p>
                    }
                })}
            {asked.shown(|| block_question(path.clone(), &customer.name))}
            <Underway about=About::Customer(id) page=path.clone() over />
            {(!erased).shown(|| view! { <Facts customer=customer.clone() channels fields /> })}
            <Lists id path again=over />
            {(!erased && me::may(Action::ExportPeople)).shown(|| view! { <Data id /> })}
        </PeoplePage>
    }
    .into_any()
}

/// Asked once before somebody is blocked.
fn block_question(page: String, name: &str) -> AnyView {
    Question {
        action: format!("{page}/block"),
        title: format!("Block {name}?"),
        text: "They are signed out everywhere at once and cannot sign in, and mails from any of their addresses go to the quarantine, until somebody unblocks them.",
        fields: Vec::new(),
        yes: ("on", "yes", "Block"),
        no: (page, "Leave it"),
    }
    .ask()
}

#[component]
fn Facts(customer: Customer, channels: Vec<Identity>, fields: Vec<Filled>) -> impl IntoView {
    let company = customer.company.map(|company| {
        let tier = (!customer.tier.is_empty()).shown(|| view! { " " <span class="badge">{customer.tier}</span> });
        view! {
            <a class="link" href=format!("/companies/{}", company.id)>
                {company.name}
            </a>
            {tier}
        }
        .into_any()
    });
    let company = company.unwrap_or_else(|| view! { <span class="faint">"Individual"</span> }.into_any());
    let email = customer.email.clone();
    view! {
        <section class="section" aria-label="About this customer">
            <dl class="box facts">
                {fact(
                    "E-mail",
                    Some(
                        view! {
                            <a class="link" href=format!("mailto:{email}")>
                                {customer.email}
                            </a>
                        }
                            .into_any(),
                    ),
                )}
                {fact("Other addresses", in_lines(customer.emails))} {fact("Phone", in_lines(customer.phones))}
                {on_channels(&channels)}
                {fact("Company", Some(company))}
                {fact(
                    "Sign-in",
                    Some(
                        match (customer.has_login, customer.second_factor) {
                            (true, true) => "With a password and a second step",
                            (true, false) => "With a password",
                            (false, _) => "Has none: known by mail only",
                        }
                            .into_any(),
                    ),
                )} {fact("Since", Some(view! { <When at=customer.created_at in_words=true /> }.into_any()))}
                {fact("Satisfaction", customer.rating.words().map(IntoAny::into_any))}
                {fact("Last seen", customer.seen_at.map(|at| view! { <When at in_words=true /> }.into_any()))}
                {crate::fields::facts(&fields)} {fact("Notes, for staff", in_paragraphs(customer.notes))}
            </dl>
        </section>
    }
    .into_any()
}

/// What somebody is called on each channel that they are on.
fn on_channels(all: &[Identity]) -> AnyView {
    let of_one = all.chunk_by(|a, b| a.channel == b.channel).filter_map(|of| {
        let names = in_lines(of.iter().map(Identity::shown).collect());
        of.first().map(|one| fact(one.channel.name(), names))
    });
    of_one.rows().into_any()
}

/// All that is known of this person, to be taken out; and the way to forget them.
#[component]
fn Data(id: UserId) -> impl IntoView {
    let found = resource(|| (), move |()| rpc::list_exports(id));
    view! {
        <section class="section" aria-labelledby="data-title" id="data">
            <div class="section__head">
                <h2 class="section__title" id="data-title">
                    "Personal data"
                </h2>
                <form method="post" action=format!("/customers/{id}/export")>
                    <button class="button button--sm" type="submit">
                        <Ico icon=Icon::Download />
                        "Gather all data"
                    </button>
                </form>
            </div>
            {fetched(
                || view! { <i class="skeleton skeleton--block" data-tall="80"></i> }.into_any(),
                found,
                move |exports: Vec<Export>| {
                    let waiting = exports.iter().any(|e| e.size.is_none());
                    view! { <Exports exports waiting look=Callback::new(move |()| found.refetch()) /> }.into_any()
                },
            )}
            {me::may(Action::ErasePeople)
                .shown(|| {
                    view! {
                        <div class="actions">
                            <a class="button button--danger button--sm" href=format!("/customers/{id}/erase")>
                                <Ico icon=Icon::Trash />
                                "Erase this person"
                            </a>
                        </div>
                    }
                })}
        </section>
    }
    .into_any()
}

#[component]
fn Exports(exports: Vec<Export>, waiting: bool, look: Callback<()>) -> impl IntoView {
    effect(move || {
        let soon = std::time::Duration::from_secs(2);
        if waiting && let Ok(timer) = set_timeout_with_handle(move || look.run(()), soon) {
            on_cleanup(move || timer.clear());
        }
    });
    if exports.is_empty() {
        return view! {
            <p class="muted">
                "One file with everything known of this person and all their files. It is kept for a week, and it is noted who fetched it."
            </p>
        }
        .into_any();
    }
    let row = |export: Export| {
        let what = match (export.size, export.expires_at) {
            (Some(size), Some(until)) => format!("{}, kept until {}", domain::text::bytes(size), me::day(until)),
            _ => "Being gathered…".to_owned(),
        };
        let ready = export.size.is_some();
        view! {
            <div class="box__row">
                <div>
                    {what}
                    <p class="field__hint">
                        {format!("Asked for by {} ", export.by)} <When at=export.created_at in_words=true />
                    </p>
                </div>
                {ready
                    .shown(|| {
                        view! {
                            <a
                                class="button button--sm"
                                href=format!("/customers/exports/{}", export.id)
                                rel="external"
                                download=""
                            >
                                <Ico icon=Icon::Download />
                                "Download"
                            </a>
                        }
                    })}
            </div>
        }
    };
    view! { <div class="box">{exports.into_iter().map(row).rows()}</div> }.into_any()
}

#[component]
fn Actions(id: UserId, blocked: bool, second_factor: bool) -> impl IntoView {
    let to = move |what: &str| format!("/customers/{id}/{what}");
    view! {
        <a class="button" href=format!("/new?requester={id}")>
            <Ico icon=Icon::Plus />
            "New ticket"
        </a>
        <a class="button" href=to("edit")>
            <Ico icon=Icon::Pencil />
            "Edit"
        </a>
        <details class="menu-anchor">
            <summary class="button button--icon" aria-label="More">
                <Ico icon=Icon::More />
            </summary>
            <div class="menu menu--end">
                <a class="menu__item" href=to("company")>
                    <Ico icon=Icon::Building />
                    <span>"Change company"</span>
                </a>
                {me::may(Action::MergePeople)
                    .shown(|| {
                        view! {
                            <a class="menu__item" href=to("merge")>
                                <Ico icon=Icon::Merge />
                                <span>"Merge with another"</span>
                            </a>
                        }
                    })}
                {if blocked {
                    view! {
                        <form method="post" action=to("block")>
                            <button class="menu__item" type="submit" name="on" value="no">
                                <Ico icon=Icon::Lock />
                                <span>"Unblock"</span>
                            </button>
                        </form>
                    }
                        .into_any()
                } else {
                    // A new page, or the menu would stay open over the question.
                    view! {
                        <a class="menu__item" href=format!("/customers/{id}?ask=block") rel="external">
                            <Ico icon=Icon::Lock />
                            <span>"Block…"</span>
                        </a>
                    }
                        .into_any()
                }}
                // For who has lost the device.
                {second_factor
                    .shown(|| {
                        view! {
                            <a class="menu__item" href=to("second-factor")>
                                <Ico icon=Icon::Device />
                                <span>"Remove two-step sign-in"</span>
                            </a>
                        }
                    })}
            </div>
        </details>
    }
    .into_any()
}
