//! What a list or a board shows: filters in the address, and the chips that set them.

use super::rpc;
use crate::erased::{Rows, Sometimes, dynamic, effect, handler, memo, reactive};
use crate::{
    icons::{Ico, Icon},
    me,
    rpc::Rpc,
    shared::Menu,
};
use domain::{
    StatusId, TagId, TeamId, UserId,
    priority::Level,
    text,
    ticket::{Filter, Sort, Ticket, Whose},
    workflow::Workflow,
};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
    params::ParamsMap,
};

/// The filter that an address stands for. The empty one: everything that somebody still has to work on.
pub fn filter_of(query: &ParamsMap, workflow: &Workflow, me: Option<UserId>) -> Filter {
    let number = |name: &str| query.get(name).and_then(|v| v.parse::<i64>().ok());
    let level = |name: &str| query.get(name).and_then(|v| Level::from_word(&v));
    let active = || workflow.statuses.iter().filter(|s| s.category.is_active()).map(|s| s.id).collect();
    let statuses: Vec<StatusId> = match query.get("status").as_deref() {
        None | Some("") => active(),
        Some("all") => Vec::new(),
        Some(key) => workflow.by_key(key).map_or_else(active, |s| vec![s.id]),
    };
    Filter {
        statuses,
        assignee: match query.get("assignee").as_deref() {
            Some("me") => me.map(Whose::Of),
            Some("none") => Some(Whose::Nobody),
            Some(id) => id.parse().ok().map(|id| Whose::Of(UserId(id))),
            None => None,
        },
        team: number("team").map(TeamId),
        requester: number("requester").map(UserId),
        urgency: level("urgency"),
        importance: level("importance"),
        priority: None,
        company: number("company").map(domain::CompanyId),
        tag: number("tag").map(TagId),
        sort: query.get("sort").and_then(|s| Sort::from_word(&s)).unwrap_or_default(),
        after: None,
        limit: None,
    }
}

/// Whether a ticket belongs into a list, as far as the browser can tell.
pub fn fits(ticket: &Ticket, filter: &Filter) -> bool {
    (filter.statuses.is_empty() || filter.statuses.contains(&ticket.status))
        && match filter.assignee {
            None => true,
            Some(Whose::Nobody) => ticket.assignee.is_none(),
            Some(Whose::Of(user)) => ticket.assignee.as_ref().is_some_and(|a| a.id == user),
        }
        && filter.team.is_none_or(|t| ticket.team == Some(t))
        && filter.requester.is_none_or(|r| ticket.requester.id == r)
        && filter.urgency.is_none_or(|u| ticket.urgency == u)
        && filter.importance.is_none_or(|i| ticket.importance == i)
        && filter.priority.is_none_or(|p| ticket.priority == p)
        && filter.company.is_none_or(|c| ticket.company.as_ref().is_some_and(|t| t.id == c))
        && filter.tag.is_none_or(|t| ticket.tags.contains(&t))
}

/// The address of the same page with one part of the filter set, or taken out.
pub fn with_query(path: &str, query: &ParamsMap, name: &'static str, value: Option<&str>) -> String {
    let mut query = query.clone();
    query.remove(name);
    if let Some(value) = value {
        query.insert(name, value.to_owned());
    }
    format!("{path}{}", query.to_query_string())
}

/// Rows in the order of the filter.
pub fn sorted(rows: &mut [Ticket], filter: &Filter) {
    let by_public = filter.by_public();
    let changed = |ticket: &Ticket| if by_public { ticket.public_at } else { ticket.updated_at };
    rows.sort_by(|a, b| match filter.sort {
        Sort::Updated => (changed(b), b.id).cmp(&(changed(a), a.id)),
        Sort::Created => (b.created_at, b.id).cmp(&(a.created_at, a.id)),
        Sort::Oldest => (a.created_at, a.id).cmp(&(b.created_at, b.id)),
        Sort::Priority => (b.priority, changed(b), b.id).cmp(&(a.priority, changed(a), a.id)),
    });
}

/// One line of a chip's menu: what it says, and what then stands in the address.
type Choice = (String, Option<String>);

fn any() -> Choice {
    ("Any".to_owned(), None)
}

/// Parts of the filter that name what there is not: their names in the address, and what is said of them. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Unknown(RwSignal<Vec<(&'static str, String)>>);

impl Unknown {
    /// For what is around the chips and the list.
    pub fn provide() {
        provide_context(Self(RwSignal::new(Vec::new())));
    }

    fn set(self, name: &'static str, said: Option<String>) {
        self.0.update(|all| {
            all.retain(|(other, _)| *other != name);
            all.extend(said.map(|said| (name, said)));
        });
    }
}

/// What is said of a part of the filter that names what there is not.
fn unknown_words(name: &str, label: &str, value: &str) -> String {
    let what = if name == "assignee" { "person".to_owned() } else { label.to_ascii_lowercase() };
    format!("Unknown {what}: {}", text::excerpt(value, 24))
}

/// A part of the filter: what it is set to, and a menu to set it.
#[component]
fn Chip(
    /// Its name in the address.
    name: &'static str,
    label: &'static str,
    #[prop(into)] choices: Signal<Vec<Choice>>,
    #[prop(optional, into)] open: Option<RwSignal<bool>>,
    /// Whether some choices are not there yet.
    #[prop(optional, into)]
    waiting: Signal<bool>,
) -> impl IntoView {
    let query = use_query_map();
    let location = use_location();
    let navigate = StoredValue::new(use_navigate());
    let chosen = memo(move || query.with(|q| q.get(name).filter(|v| !v.is_empty())));
    // An address can name what there is not: a typing error, or somebody who has left.
    let unknown = memo(move || {
        let value = chosen.get().filter(|_| !waiting.get())?;
        choices.with(|all| all.iter().all(|(_, v)| v.as_ref() != Some(&value))).then_some(value)
    });
    if let Some(all) = use_context::<Unknown>() {
        effect(move || all.set(name, unknown.get().map(|value| unknown_words(name, label, &value))));
    }
    let button = move || {
        let value = chosen.get();
        choices.with(|all| match all.iter().find(|(_, v)| *v == value) {
            Some((said, None)) if said == "Any" => label.to_owned(),
            Some((said, _)) if name == "status" => said.clone(),
            Some((said, _)) => format!("{label}: {said}"),
            // Not known yet.
            None => label.to_owned(),
        })
    };
    let go = move |value: Option<&str>| {
        let to = with_query(&location.pathname.get_untracked(), &query.get_untracked(), name, value);
        navigate.with_value(|go| go(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() }));
    };
    let open = open.unwrap_or_default();
    dynamic(move || {
        if let Some(value) = unknown.get() {
            let said = unknown_words(name, label, &value);
            return view! { <RemovableChip name said is_wrong=true /> }.into_any();
        }
        view! {
            <Menu
                class="chip"
                label=label
                says_it=name != "status"
                chosen=Signal::derive(move || chosen.with(Option::is_some))
                open=open
                button=ViewFn::from(button)
            >
                {dynamic(move || {
                    choices
                        .get()
                        .into_iter()
                        .map(|(said, value)| {
                            let is_chosen = chosen.get() == value;
                            view! {
                                <button
                                    class="menu__item"
                                    type="button"
                                    role="menuitemradio"
                                    aria-checked=is_chosen.to_string()
                                    on:click=handler(move |_| go(value.as_deref()))
                                >
                                    <span>{said}</span>
                                </button>
                            }
                        })
                        .map(IntoAny::into_any).rows()
                })}
            </Menu>
        }
        .into_any()
    })
}

/// A part of the filter that can only be taken out.
#[component]
fn RemovableChip(
    /// Its name in the address.
    name: &'static str,
    said: String,
    /// Whether it means nothing, and so was left out.
    #[prop(optional)]
    is_wrong: bool,
) -> impl IntoView {
    let query = use_query_map();
    let location = use_location();
    let address = reactive(move || query.with(|query| with_query(&location.pathname.get(), query, name, None)));
    let label = format!("{said}. Remove");
    view! {
        <a
            class="chip"
            class:is-active=!is_wrong
            data-wrong=is_wrong.then_some("")
            aria-label=label
            href=address
        >
            <span>{said}</span>
            <Ico icon=Icon::Close />
        </a>
    }
    .into_any()
}

/// Whose tickets these are, where they are one customer's: a link to them stands beside each ticket.
#[component]
pub fn RequesterChip() -> impl IntoView {
    let query = use_query_map();
    let asked = memo(move || query.with(|q| q.get("requester").filter(|v| !v.is_empty())));
    dynamic(move || {
        asked.get().map(|value| {
            let is_wrong = value.parse::<i64>().is_err();
            let said = if is_wrong {
                format!("Unknown customer: {}", text::excerpt(&value, 24))
            } else {
                "One customer".to_owned()
            };
            view! { <RemovableChip name="requester" said is_wrong /> }
        })
    })
}

/// A chip whose choices are many: they are fetched when the menu first opens, or when one of them has to be named.
#[component]
fn FetchedChip(
    name: &'static str,
    label: &'static str,
    /// Choices that are always there.
    first: Vec<Choice>,
    fetch: fn() -> Fetching,
) -> impl IntoView {
    let query = use_query_map();
    let open = RwSignal::new(false);
    let fetched = RwSignal::new(false);
    let always = first.len();
    let choices = RwSignal::new(first);
    effect(move || {
        let value = query.with(|q| q.get(name));
        let is_known = choices.with_untracked(|all| all.iter().any(|(_, v)| *v == value));
        if !me::taken_over().get() || !open.get() && is_known || fetched.get_untracked() {
            return;
        }
        leptos::task::spawn_local(async move {
            if let Ok(found) = fetch().await {
                choices.update(|all| {
                    all.truncate(always);
                    all.extend(found);
                });
                fetched.set(true);
            }
        });
    });
    // What is always there is known without asking.
    let waiting = Signal::derive(move || !fetched.get());
    view! { <Chip name label choices open waiting /> }
}

/// Choices on their way.
type Fetching = std::pin::Pin<Box<dyn Future<Output = Rpc<Vec<Choice>>>>>;

#[component]
pub fn StatusChip() -> impl IntoView {
    let choices: Vec<Choice> = [("To do".to_owned(), None), ("All".to_owned(), Some("all".to_owned()))]
        .into_iter()
        .chain(me::workflow().statuses.into_iter().map(|s| (s.name, Some(s.key))))
        .collect();
    view! { <Chip name="status" label="Status" choices /> }
}

/// Filters that lists and boards share.
#[component]
pub fn TicketChips() -> impl IntoView {
    let levels: Vec<Choice> = std::iter::once(any())
        .chain(Level::ALL.into_iter().rev().map(|l| (l.name().to_owned(), Some(l.word().to_owned()))))
        .collect();
    let tags: Vec<Choice> = std::iter::once(any())
        .chain(me::start().tags.into_iter().map(|t| (t.name, Some(t.id.0.to_string()))))
        .collect();
    let teams: Vec<Choice> = std::iter::once(any())
        .chain(me::start().teams.into_iter().map(|t| (t.name, Some(t.id.0.to_string()))))
        .collect();
    // Where there are no teams, nothing is to be chosen.
    let teams = (teams.len() > 1).shown(|| view! { <Chip name="team" label="Team" choices=teams /> });
    let whose = vec![any(), ("Me".to_owned(), Some("me".to_owned())), ("Nobody".to_owned(), Some("none".to_owned()))];
    let staff = || -> Fetching {
        Box::pin(async { Ok(rpc::staff().await?.into_iter().map(|p| (p.name, Some(p.id.0.to_string()))).collect()) })
    };
    let companies = || -> Fetching {
        Box::pin(async {
            Ok(rpc::companies().await?.into_iter().map(|c| (c.name, Some(c.id.0.to_string()))).collect())
        })
    };
    view! {
        <FetchedChip name="assignee" label="Assignee" first=whose fetch=staff />
        {teams}
        <Chip name="urgency" label="Urgency" choices=levels.clone() />
        <Chip name="importance" label="Importance" choices=levels />
        <FetchedChip name="company" label="Company" first=vec![any()] fetch=companies />
        <Chip name="tag" label="Tag" choices=tags />
    }
}

#[component]
pub fn OrderChip() -> impl IntoView {
    let choices: Vec<Choice> = Sort::ALL
        .into_iter()
        .map(|sort| (sort.name().to_owned(), (sort != Sort::default()).then(|| sort.word().to_owned())))
        .collect();
    view! { <Chip name="sort" label="Order" choices /> }
}

/// The address of the same page without filters, where there are some.
fn cleared() -> Memo<Option<String>> {
    let query = use_query_map();
    let location = use_location();
    memo(move || {
        let mut kept = query.get();
        let mut is_set = false;
        for name in ["status", "assignee", "team", "requester", "urgency", "importance", "company", "tag"] {
            is_set |= kept.remove(name).is_some();
        }
        is_set.then(|| format!("{}{}", location.pathname.get(), kept.to_query_string()))
    })
}

/// Offers a way on where nothing fits the filters: without those that nothing can fit, or without any.
#[component]
pub fn WithoutFilters() -> impl IntoView {
    let unknown = use_context::<Unknown>();
    let query = use_query_map();
    let location = use_location();
    let all = cleared();
    dynamic(move || {
        let unknown = unknown.map(|unknown| unknown.0.get()).unwrap_or_default();
        if unknown.is_empty() {
            return all
                .get()
                .map(|to| view! { <a class="button" href=to>"Take all filters off"</a> }.into_any())
                .into_any();
        }
        unknown
            .into_iter()
            .map(|(name, said)| {
                let to = query.with(|query| with_query(&location.pathname.get(), query, name, None));
                view! { <a class="button" href=to>{format!("Take off “{said}”")}</a> }.into_any()
            })
            .rows()
            .into_any()
    })
}

/// Takes all filters out, where there are some.
#[component]
pub fn ClearChip() -> impl IntoView {
    let address = cleared();
    dynamic(move || {
        address.get().map(|to| view! { <a class="chip chip--clear" href=to aria-label="Clear filters">"Clear"</a> })
    })
}
