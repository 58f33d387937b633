//! The list of tickets: filters in the address, pages by scrolling, changes of others live.

use super::{
    filters::{
        ClearChip, OrderChip, RequesterChip, StatusChip, TicketChips, Unknown, WithoutFilters, filter_of, fits, sorted,
        with_query,
    },
    rpc,
};
use crate::erased::{Sometimes, dynamic, effect, handler, list, memo, reactive};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon, icon},
    keys::{Command, on_command},
    live::live,
    me,
    rpc::Rpc,
    shared::{
        EmptyState, ErrorNotice, Markup, PriorityMark, When, avatar_of, awaited, bring_into_view, focus_page,
        keep_focus,
    },
    type_ahead::{self, Awaited},
};
use domain::{
    TicketId,
    live::{ToBrowser, Topic},
    page::Page,
    ticket::{Filter, Ticket},
};
use leptos::{html, prelude::*};
use leptos_router::{
    hooks::{use_location, use_navigate, use_query_map},
    params::ParamsMap,
};
use wasm_bindgen::JsCast;

#[component]
pub fn TicketList() -> impl IntoView {
    Unknown::provide();
    let query = use_query_map();
    let location = use_location();
    let user = me::me().map(|m| m.id);
    let filter = memo(move || filter_of(&query.get(), &me::workflow(), user));
    let on_list = location.pathname.with_untracked(|p| p.trim_end_matches('/') == "/tickets");
    // Opened on a ticket, the list beside it is fetched by the browser: the page itself stays cheap.
    let first = resource(
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
            <ListBar late=!on_list />
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
    const ROW: &str = "<li class=\"skeleton-row\"><i class=\"skeleton\" data-w=\"70%\"></i><i class=\"skeleton\" data-w=\"45%\"></i></li>";
    let list = Markup::new(
        "<div class=\"ticket-list__scroll\" aria-busy=\"true\" aria-label=\"Loading tickets\"><ol class=\"ticket-rows\">",
    );
    (0..8).fold(list, |list, _| list.raw(ROW)).raw("</ol></div>").element()
}

/// What the list is called: after whose tickets are in it.
pub fn list_title(query: &ParamsMap) -> &'static str {
    match query.get("assignee").as_deref() {
        Some("me") => "Assigned to me",
        Some("none") => "Unassigned",
        _ => "Inbox",
    }
}

/// The room of the filters, before they are there: beside a ticket, those of [`FilterLine`] that are always seen.
fn still_chips() -> Markup {
    ["To do", "Assignee", "Urgency"]
        .into_iter()
        .fold(Markup::new("<div class=\"ticket-list__chips chips\" aria-hidden=\"true\">"), |chips, chip| {
            chips.raw("<span class=\"chip\">").raw(chip).raw("</span>")
        })
        .raw("<span class=\"chip chip--more\">")
        .with(icon(Icon::Sliders))
        .raw("</span></div>")
}

/// The filters in one line. Beside a ticket there is no room for all of them: those that are set, or else the first, are
/// seen, the others when they are asked for.
#[component]
fn FilterLine() -> impl IntoView {
    let all = RwSignal::new(false);
    view! {
        <div class="ticket-list__chips chips" class:is-open=reactive(move || all.get())>
            <StatusChip />
            <TicketChips />
            <OrderChip />
            <RequesterChip />
            <ClearChip />
            <button
                class="chip chip--more"
                type="button"
                aria-label="All filters"
                data-tip="All filters"
                data-tip-side="start"
                aria-expanded=reactive(move || all.get().to_string())
                on:click=handler(move |_| all.update(|all| *all = !*all))
            >
                <Ico icon=Icon::Sliders />
            </button>
        </div>
    }
    .into_any()
}

/// Heading and filters.
#[component]
fn ListBar(
    /// Whether a ticket is what the page is about: then the filters come to life with the script, and cost nothing before.
    late: bool,
) -> impl IntoView {
    let taken_over = me::taken_over();
    let query = use_query_map();
    let title = move || list_title(&query.get());
    view! {
        <header class="bar">
            <h1 class="bar__title">{dynamic(title)}</h1>
            <div class="bar__end">
                <a class="button button--primary hide-phone" href="/new">
                    <Ico icon=Icon::Plus />
                    "New ticket"
                </a>
            </div>
        </header>
        {dynamic(move || {
            if late && !taken_over.get() {
                return still_chips().element().into_any();
            }
            view! { <FilterLine /> }.into_any()
        })}
    }
    .into_any()
}

/// The rows: pages are added below; what others change moves in at once, unless that would move what is being read.
#[component]
fn Rows(page: Option<Page<Ticket>>, filter: Filter) -> impl IntoView {
    focus_page();
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
        effect(load_more);
    }

    let take_in = move |ticket: Ticket| {
        keep_focus(|| {
            filter.with_value(|filter| {
                rows.update(|rows| {
                    rows.retain(|t| t.id != ticket.id);
                    if fits(&ticket, filter) {
                        rows.push(ticket);
                    }
                    sorted(rows, filter);
                });
            });
        });
    };
    effect(move || {
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
    let open_id = memo(move || {
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
                    if open_id.get_untracked() != Some(id) {
                        type_ahead::wait(Awaited::Ticket(id));
                    }
                    navigate(&link.with_value(|l| l(id)), Default::default());
                }
                return;
            }
            _ => return,
        };
        if let Some(id) = rows.with_untracked(|rows| rows.get(to).map(|t| t.id)) {
            cursor.set(Some(id));
            if let Some(row) = document().get_element_by_id(&format!("row-{id}")) {
                bring_into_view(&row);
                let link = row.query_selector("a").ok().flatten();
                if let Some(link) = link.and_then(|l| l.dyn_into::<web_sys::HtmlElement>().ok()) {
                    let _ = link.focus();
                }
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
        <div class="ticket-list__scroll" node_ref=scroller on:scroll=handler(near_end)>
            {dynamic(move || {
                let count = held_back.with(Vec::len);
                (count > 0)
                    .shown(|| {
                        view! {
                            <button
                                class="ticket-list__news button button--sm"
                                type="button"
                                on:click=handler(move |_| {
                                    for ticket in held_back.try_update(std::mem::take).unwrap_or_default() {
                                        take_in(ticket);
                                    }
                                    if let Some(scroller) = scroller.get_untracked() {
                                        scroller.set_scroll_top(0);
                                    }
                                })
                            >
                                <Ico icon=Icon::ArrowUp />
                                {format!("{count} new")}
                            </button>
                        }
                    })
            })}
            <ol class="ticket-rows">
                {list(
                    move || rows.get(),
                    |ticket| [ticket.id.0, ticket.version, 0],
                    move |ticket| view! { <Row ticket=ticket open_id=open_id cursor=cursor link=link /> }.into_any(),
                )}
            </ol>
            {dynamic(move || {
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
                        >
                            <WithoutFilters />
                        </EmptyState>
                    }
                        .into_any()
                } else {
                    ().into_any()
                }
            })}
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
    let meta = Markup::new(
        "<div class=\"ticket-row__line\"><div class=\"ticket-row__about\"><span class=\"ticket-row__meta\"><span>#",
    )
    .number(id.0)
    .raw("</span><span>")
    .text(&ticket.requester.name);
    let meta = match &ticket.company {
        Some(company) => meta.raw(", ").text(&company.name),
        None => meta,
    };
    let meta = meta.raw("</span></span><span class=\"ticket-row__words\">");
    let meta = if ticket.customer_last || ticket.excerpt.is_empty() {
        meta
    } else {
        meta.with(icon(Icon::Reply)).raw("<span class=\"sr-only\">Answered: </span>")
    };
    let meta = meta.text(&ticket.excerpt).raw("</span></div>");
    let meta = match &ticket.assignee {
        Some(assignee) => meta.with(avatar_of(assignee, "")),
        None => meta,
    };
    view! {
        <li
            class="ticket-row"
            class:is-active=reactive(move || open_id.get() == Some(id))
            class:is-focused=reactive(move || cursor.get() == Some(id))
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
                        aria-current=reactive(move || (open_id.get() == Some(id)).then_some("true"))
                        on:click=handler(move |event: leptos::ev::MouseEvent| {
                            cursor.set(Some(id));
                            let here = !(event.ctrl_key() || event.meta_key() || event.shift_key());
                            if here && open_id.get_untracked() != Some(id) {
                                type_ahead::wait(Awaited::Ticket(id));
                            }
                        })
                    >
                        {ticket.subject}
                    </a>
                    <When at=ticket.updated_at class="ticket-row__time" />
                </div>
                {meta.raw("</div>").element()}
            </div>
        </li>
    }
    .into_any()
}
