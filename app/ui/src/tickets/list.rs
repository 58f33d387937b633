//! The list of tickets: filters in the address, pages by scrolling, changes of others live.

use super::rpc;
use crate::{
    icons::{Ico, Icon},
    keys::{Command, on_command},
    live::live,
    me,
    rpc::Rpc,
    shared::{Avatar, EmptyState, ErrorNotice, Menu, PriorityMark, When, awaited},
};
use domain::{
    StatusId, TagId, TicketId, UserId,
    live::{ToBrowser, Topic},
    page::Page,
    priority::Level,
    ticket::{Filter, Sort, Ticket, Whose},
    workflow::Workflow,
};
use leptos::{html, prelude::*};
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
fn fits(ticket: &Ticket, filter: &Filter) -> bool {
    (filter.statuses.is_empty() || filter.statuses.contains(&ticket.status))
        && match filter.assignee {
            None => true,
            Some(Whose::Nobody) => ticket.assignee.is_none(),
            Some(Whose::Of(user)) => ticket.assignee.as_ref().is_some_and(|a| a.id == user),
        }
        && filter.requester.is_none_or(|r| ticket.requester.id == r)
        && filter.urgency.is_none_or(|u| ticket.urgency == u)
        && filter.importance.is_none_or(|i| ticket.importance == i)
        && filter.priority.is_none_or(|p| ticket.priority == p)
        && filter.company.is_none_or(|c| ticket.company.as_ref().is_some_and(|t| t.id == c))
        && filter.tag.is_none_or(|t| ticket.tags.contains(&t))
}

/// The address of the same page with one part of the filter set, or taken out.
fn with_query(path: &str, query: &ParamsMap, name: &'static str, value: Option<&str>) -> String {
    let mut query = query.clone();
    query.remove(name);
    if let Some(value) = value {
        query.insert(name, value.to_owned());
    }
    format!("{path}{}", query.to_query_string())
}

/// Rows in the order of the filter.
fn sorted(rows: &mut [Ticket], sort: Sort) {
    rows.sort_by(|a, b| match sort {
        Sort::Updated => (b.updated_at, b.id).cmp(&(a.updated_at, a.id)),
        Sort::Created => (b.created_at, b.id).cmp(&(a.created_at, a.id)),
        Sort::Oldest => (a.created_at, a.id).cmp(&(b.created_at, b.id)),
        Sort::Priority => (b.priority, b.updated_at, b.id).cmp(&(a.priority, a.updated_at, a.id)),
    });
}

#[component]
pub fn TicketList() -> impl IntoView {
    let query = use_query_map();
    let location = use_location();
    let user = me::me().map(|m| m.id);
    let filter = Memo::new(move |_| filter_of(&query.get(), &me::workflow(), user));
    let on_list = location.pathname.with_untracked(|p| p.trim_end_matches('/') == "/tickets");
    // Opened on a ticket, the list beside it is fetched by the browser: the page itself stays cheap.
    let first = Resource::new_blocking(
        move || filter.get(),
        move |filter| async move {
            if cfg!(feature = "ssr") && !on_list {
                return Ok(None);
            }
            rpc::list(filter).await.map(Some)
        },
    );
    view! {
        <section class="ticket-list" aria-label="Tickets">
            <ListBar filter=filter />
            {awaited(Skeleton, move || async move {
                    let loaded: Rpc<Option<Page<Ticket>>> = first.await;
                    match loaded {
                        Ok(page) => view! { <Rows page=page filter=filter.get_untracked() /> }.into_any(),
                        Err(error) => {
                            view! {
                                <div class="ticket-list__scroll">
                                    <ErrorNotice
                                        error=error.0
                                        retry=Callback::new(move |()| first.refetch())
                                    />
                                </div>
                            }
                                .into_any()
                        }
                    }
                })}
        </section>
    }
    .into_any()
}

#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="ticket-list__scroll" aria-busy="true" aria-label="Loading tickets">
            <ol class="ticket-rows">
                {(0..8)
                    .map(|_| {
                        view! {
                            <li class="skeleton-row">
                                <i class="skeleton" style="--w:70%"></i>
                                <i class="skeleton" style="--w:45%"></i>
                                <i class="skeleton" style="--w:85%"></i>
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
        </div>
    }
    .into_any()
}

/// Heading, filters and order.
#[component]
fn ListBar(filter: Memo<Filter>) -> impl IntoView {
    let query = use_query_map();
    let navigate = use_navigate();
    let location = use_location();
    // Choosing a filter shows the list, also when a ticket was open on a phone.
    let go = move |name: &'static str, value: Option<String>| {
        let to = with_query(&location.pathname.get_untracked(), &query.get_untracked(), name, value.as_deref());
        navigate(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    let workflow = me::workflow();
    let title = move || match query.get().get("assignee").as_deref() {
        Some("me") => "Assigned to me",
        Some("none") => "Unassigned",
        _ => "Inbox",
    };
    let status_name = {
        let workflow = workflow.clone();
        move || match query.get().get("status").as_deref() {
            Some("all") => "All".to_owned(),
            Some(key) => workflow.by_key(key).map_or_else(|| "To do".to_owned(), |s| s.name.clone()),
            None => "To do".to_owned(),
        }
    };
    let status_items = StoredValue::new(
        [("To do".to_owned(), None), ("All".to_owned(), Some("all".to_owned()))]
            .into_iter()
            .chain(workflow.statuses.iter().map(|s| (s.name.clone(), Some(s.key.clone()))))
            .collect::<Vec<_>>(),
    );
    let go = StoredValue::new(go);
    let levels = move |name: &'static str| {
        std::iter::once(("Any".to_owned(), None))
            .chain(Level::ALL.into_iter().rev().map(|l| (l.name().to_owned(), Some(l.word().to_owned()))))
            .map(|(label, value)| {
                let value_now = value.clone();
                let checked = move || (query.get().get(name) == value_now).to_string();
                view! {
                    <button
                        class="menu__item"
                        type="button"
                        role="menuitemradio"
                        aria-checked=checked
                        on:click=move |_| go.with_value(|go| go(name, value.clone()))
                    >
                        <span>{label}</span>
                    </button>
                }
            })
            .collect_view()
    };
    let level_chip = move |name: &'static str, label: &'static str| {
        view! {
            <Menu
                class="chip"
                label=label
                button=ViewFn::from(move || {
                    let value = query.get().get(name).and_then(|v| Level::from_word(&v));
                    match value {
                        Some(level) => format!("{label}: {}", level.name()),
                        None => label.to_owned(),
                    }
                })
            >
                {levels(name)}
            </Menu>
        }
    };
    let tags = StoredValue::new(me::start().tags);
    view! {
        <header class="bar">
            <h1 class="bar__title">{title}</h1>
            <div class="bar__end">
                <a class="button button--primary hide-phone" href="/new">
                    <Ico icon=Icon::Plus />
                    "New ticket"
                </a>
            </div>
        </header>
        <div class="ticket-list__chips chips">
            <Menu class="chip" label="Status" button=ViewFn::from(status_name)>
                {status_items
                    .get_value()
                    .into_iter()
                    .map(|(label, value)| {
                        let value_now = value.clone();
                        let checked = move || (query.get().get("status") == value_now).to_string();
                        view! {
                            <button
                                class="menu__item"
                                type="button"
                                role="menuitemradio"
                                aria-checked=checked
                                on:click=move |_| go.with_value(|go| go("status", value.clone()))
                            >
                                <span>{label}</span>
                            </button>
                        }
                    })
                    .collect_view()}
            </Menu>
            {level_chip("urgency", "Urgency")}
            {level_chip("importance", "Importance")}
            <CompanyChip go=Callback::new(move |value| go.with_value(|go| go("company", value))) />
            <Menu
                class="chip"
                label="Tag"
                end=true
                button=ViewFn::from(move || {
                    let id = query.get().get("tag").and_then(|v| v.parse::<i64>().ok());
                    tags.with_value(|tags| {
                        tags.iter()
                            .find(|t| Some(t.id.0) == id)
                            .map_or_else(|| "Tag".to_owned(), |t| format!("Tag: {}", t.name))
                    })
                })
            >
                {std::iter::once(("Any".to_owned(), None))
                    .chain(tags.get_value().into_iter().map(|t| (t.name, Some(t.id.0.to_string()))))
                    .map(|(label, value)| {
                        let value_now = value.clone();
                        let checked = move || (query.get().get("tag") == value_now).to_string();
                        view! {
                            <button
                                class="menu__item"
                                type="button"
                                role="menuitemradio"
                                aria-checked=checked
                                on:click=move |_| go.with_value(|go| go("tag", value.clone()))
                            >
                                <span>{label}</span>
                            </button>
                        }
                    })
                    .collect_view()}
            </Menu>
            <Menu
                class="chip"
                label="Order"
                end=true
                button=ViewFn::from(move || format!("Order: {}", filter.get().sort.name()))
            >
                {Sort::ALL
                    .into_iter()
                    .map(|sort| {
                        let checked = move || (filter.get().sort == sort).to_string();
                        let value = (sort != Sort::default()).then(|| sort.word().to_owned());
                        view! {
                            <button
                                class="menu__item"
                                type="button"
                                role="menuitemradio"
                                aria-checked=checked
                                on:click=move |_| go.with_value(|go| go("sort", value.clone()))
                            >
                                <span>{sort.name()}</span>
                            </button>
                        }
                    })
                    .collect_view()}
            </Menu>
        </div>
    }
    .into_any()
}

/// Companies are many: they are fetched when the menu first opens.
#[component]
fn CompanyChip(go: Callback<Option<String>>) -> impl IntoView {
    let query = use_query_map();
    let open = RwSignal::new(false);
    let companies = RwSignal::new(Vec::new());
    let chosen = Memo::new(move |_| query.get().get("company").and_then(|v| v.parse::<i64>().ok()));
    Effect::new(move || {
        let needed = open.get() || chosen.get().is_some();
        if needed && companies.with_untracked(Vec::is_empty) {
            leptos::task::spawn_local(async move {
                if let Ok(found) = rpc::companies().await {
                    companies.set(found);
                }
            });
        }
    });
    let title = move || {
        let id = chosen.get();
        companies.with(|all| {
            all.iter()
                .find(|c| Some(c.id.0) == id)
                .map_or_else(|| "Company".to_owned(), |c| format!("Company: {}", c.name))
        })
    };
    view! {
        <Menu class="chip" label="Company" open=open button=ViewFn::from(title)>
            <button class="menu__item" type="button" role="menuitemradio" on:click=move |_| go.run(None)>
                <span>"Any"</span>
            </button>
            <For each=move || companies.get() key=|c| c.id let:company>
                <button
                    class="menu__item"
                    type="button"
                    role="menuitemradio"
                    aria-checked=move || (chosen.get() == Some(company.id.0)).to_string()
                    on:click=move |_| go.run(Some(company.id.0.to_string()))
                >
                    <span>{company.name}</span>
                </button>
            </For>
        </Menu>
    }
    .into_any()
}

/// The rows: pages are added below; what others change moves in at once, unless that would move what is being read.
#[component]
fn Rows(page: Option<Page<Ticket>>, filter: Filter) -> impl IntoView {
    let filter = StoredValue::new(filter);
    let missing = page.is_none();
    let page = page.unwrap_or_default();
    let rows = RwSignal::new(page.rows);
    let next = RwSignal::new(page.next);
    let loading = RwSignal::new(missing);
    let failed = RwSignal::new(None::<domain::Error>);
    // Set with the first page: live updates start where its data end.
    let position = RwSignal::new(page.position);
    // New ones while somebody reads further down: shown when asked for.
    let held_back = RwSignal::new(Vec::<Ticket>::new());
    let scroller = NodeRef::<html::Div>::new();
    let cursor = RwSignal::new(None::<TicketId>);

    let load_more = move || {
        if loading.get_untracked() && !rows.with_untracked(Vec::is_empty) {
            return;
        }
        loading.set(true);
        failed.set(None);
        let mut wanted = filter.get_value();
        wanted.after = next.get_untracked();
        leptos::task::spawn_local(async move {
            match rpc::list(wanted).await {
                Ok(page) => {
                    rows.update(|rows| {
                        for ticket in page.rows {
                            match rows.iter_mut().find(|t| t.id == ticket.id) {
                                Some(known) => *known = ticket,
                                None => rows.push(ticket),
                            }
                        }
                    });
                    next.set(page.next);
                    if position.with_untracked(Option::is_none) {
                        position.set(page.position);
                    }
                }
                Err(error) => failed.set(Some(error.0)),
            }
            loading.set(false);
        });
    };
    if missing {
        Effect::new(load_more);
    }

    let take_in = move |ticket: Ticket| {
        filter.with_value(|filter| {
            rows.update(|rows| {
                rows.retain(|t| t.id != ticket.id);
                if fits(&ticket, filter) {
                    rows.push(ticket);
                }
                sorted(rows, filter.sort);
            });
        });
    };
    Effect::new(move || {
        let on = move |message: &ToBrowser| match message {
            ToBrowser::Ticket { ticket, .. } => {
                let known = rows.with_untracked(|rows| rows.iter().find(|t| t.id == ticket.id).map(|t| t.version));
                if known.is_some_and(|version| version >= ticket.version) {
                    return;
                }
                let reading = scroller.get_untracked().is_some_and(|s| s.scroll_top() > 40);
                if known.is_none() && reading && filter.with_value(|f| fits(ticket, f)) {
                    held_back.update(|held| {
                        held.retain(|t| t.id != ticket.id);
                        held.push(ticket.clone());
                    });
                } else {
                    take_in(ticket.clone());
                }
            }
            ToBrowser::Reset { .. } => {
                rows.update(Vec::clear);
                next.set(None);
                load_more();
            }
            _ => {}
        };
        if let Some(since) = position.get() {
            live().follow(Topic::Tickets, since, on);
        }
    });

    let location = use_location();
    let navigate = use_navigate();
    let open_id = Memo::new(move |_| {
        location.pathname.get().strip_prefix("/tickets/").and_then(|n| n.parse::<i64>().ok()).map(TicketId)
    });
    let open = {
        let query = use_query_map();
        // A link to one entry is about one ticket only.
        move |id: TicketId| with_query(&format!("/tickets/{id}"), &query.get_untracked(), "entry", None)
    };
    let link = StoredValue::new(open);
    on_command(move |command| {
        let current = cursor.get_untracked().or(open_id.get_untracked());
        let place = rows.with_untracked(|rows| current.and_then(|c| rows.iter().position(|t| t.id == c)));
        let to = match command {
            Command::Next => place.map_or(0, |p| p + 1),
            Command::Previous => place.map_or(0, |p| p.saturating_sub(1)),
            Command::Open => {
                if let Some(id) = cursor.get_untracked() {
                    navigate(&link.with_value(|l| l(id)), Default::default());
                }
                return;
            }
            _ => return,
        };
        if let Some(id) = rows.with_untracked(|rows| rows.get(to).map(|t| t.id)) {
            cursor.set(Some(id));
            if let Some(row) = document().get_element_by_id(&format!("row-{id}")) {
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                row.scroll_into_view_with_scroll_into_view_options(&options);
            }
        }
    });
    let near_end = move |_| {
        let Some(scroller) = scroller.get_untracked() else { return };
        let left = scroller.scroll_height() - scroller.scroll_top() - scroller.client_height();
        if left < 600 && next.with_untracked(Option::is_some) && failed.with_untracked(Option::is_none) {
            load_more();
        }
    };
    view! {
        <div class="ticket-list__scroll" node_ref=scroller on:scroll=near_end>
            {move || {
                let count = held_back.with(Vec::len);
                (count > 0)
                    .then(|| {
                        view! {
                            <button
                                class="ticket-list__news button button--sm"
                                type="button"
                                on:click=move |_| {
                                    for ticket in held_back.try_update(std::mem::take).unwrap_or_default() {
                                        take_in(ticket);
                                    }
                                    if let Some(scroller) = scroller.get_untracked() {
                                        scroller.set_scroll_top(0);
                                    }
                                }
                            >
                                <Ico icon=Icon::ArrowUp />
                                {format!("{count} new")}
                            </button>
                        }
                    })
            }}
            <ol class="ticket-rows">
                <For each=move || rows.get() key=|t| (t.id, t.version) let:ticket>
                    <Row ticket=ticket open_id=open_id cursor=cursor link=link />
                </For>
            </ol>
            {move || {
                if let Some(error) = failed.get() {
                    view! { <ErrorNotice error=error retry=Callback::new(move |()| load_more()) /> }.into_any()
                } else if loading.get() {
                    view! {
                        <div class="ticket-list__more">
                            <span class="spinner" role="status" aria-label="Loading"></span>
                        </div>
                    }
                        .into_any()
                } else if rows.with(Vec::is_empty) {
                    view! {
                        <EmptyState
                            icon=Icon::Inbox
                            title="Nothing here"
                            text="No ticket fits these filters. New ones appear here by themselves."
                        />
                    }
                        .into_any()
                } else {
                    ().into_any()
                }
            }}
        </div>
    }
    .into_any()
}

#[component]
fn Row<F>(
    ticket: Ticket,
    open_id: Memo<Option<TicketId>>,
    cursor: RwSignal<Option<TicketId>>,
    link: StoredValue<F>,
) -> impl IntoView
where
    F: Fn(TicketId) -> String + Send + Sync + 'static,
{
    let id = ticket.id;
    let who = match &ticket.company {
        Some(company) => format!("{}, {}", ticket.requester.name, company.name),
        None => ticket.requester.name.clone(),
    };
    view! {
        <li
            class="ticket-row"
            class:is-active=move || open_id.get() == Some(id)
            class:is-focused=move || cursor.get() == Some(id)
            id=format!("row-{id}")
            data-unread=ticket.customer_last.then_some("")
            data-urgency=ticket.urgency.word()
            data-importance=ticket.importance.word()
        >
            <span class="ticket-row__mark">
                <PriorityMark urgency=ticket.urgency importance=ticket.importance />
            </span>
            <div class="ticket-row__body">
                <div class="ticket-row__line">
                    <a
                        class="ticket-row__subject"
                        href=link.with_value(|l| l(id))
                        aria-current=move || (open_id.get() == Some(id)).then_some("true")
                        on:click=move |_| cursor.set(Some(id))
                    >
                        {ticket.subject}
                    </a>
                    <When at=ticket.updated_at class="ticket-row__time" />
                </div>
                <div class="ticket-row__line">
                    <span class="ticket-row__meta">
                        <span>{format!("#{id}")}</span>
                        <span>{who}</span>
                    </span>
                    <span class="ticket-row__end">
                        {ticket.assignee.map(|a| view! { <Avatar name=a.name /> })}
                    </span>
                </div>
                <p class="ticket-row__excerpt">
                    {if ticket.customer_last { "" } else { "You: " }} {ticket.excerpt}
                </p>
            </div>
        </li>
    }
    .into_any()
}
