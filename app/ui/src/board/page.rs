//! The board's page: columns by status, lanes by a property, changes of others at once.

use super::{
    model::{Arranged, Cards, wip},
    rpc,
};
use crate::{
    icons::{Ico, Icon},
    live::live,
    me,
    rpc::Rpc,
    shared::{Avatar, EmptyState, ErrorNotice, Menu, state_icon, state_word},
    tickets::list::filter_of,
};
use domain::{
    TicketId,
    board::{Board, BoardFilter, Lane, Lanes},
    live::{ToBrowser, Topic},
    tag::Tag,
    ticket::Ticket,
    workflow::Status,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

#[component]
pub fn BoardPage() -> impl IntoView {
    let query = use_query_map();
    let user = me::me().map(|m| m.id);
    let filter = Memo::new(move |_| {
        let list = filter_of(&query.get(), &me::workflow(), user);
        BoardFilter {
            assignee: list.assignee,
            company: list.company,
            urgency: list.urgency,
            importance: list.importance,
            tag: list.tag,
        }
    });
    let lanes = Memo::new(move |_| query.get().get("lanes").and_then(|l| Lanes::from_word(&l)).unwrap_or_default());
    let board = Resource::new_blocking(move || filter.get(), rpc::read_board);
    view! {
        <Title text="Board" />
        <div class="board" data-lanes=move || lanes.get().word()>
            <header class="bar">
                <h1 class="bar__title">"Board"</h1>
                <div class="bar__end">
                    <LanesMenu lanes=lanes />
                    <a class="button button--primary hide-phone" href="/new">
                        <Ico icon=Icon::Plus />
                        "New ticket"
                    </a>
                </div>
            </header>
            <Transition fallback=|| {
                view! { <span class="spinner" role="status" aria-label="Loading the board"></span> }
            }>
                {move || Suspend::new(async move {
                    let loaded: Rpc<Board> = board.await;
                    match loaded {
                        Ok(read) => {
                            let reload = Callback::new(move |()| board.refetch());
                            view! { <Columns board=read filter=filter.get_untracked() lanes=lanes reload=reload /> }
                                .into_any()
                        }
                        Err(error) => {
                            view! { <ErrorNotice error=error.0 retry=Callback::new(move |()| board.refetch()) /> }
                                .into_any()
                        }
                    }
                })}
            </Transition>
        </div>
    }
    .into_any()
}

/// By what lanes are made; kept in the address.
#[component]
fn LanesMenu(lanes: Memo<Lanes>) -> impl IntoView {
    let query = use_query_map();
    let navigate = use_navigate();
    let go = StoredValue::new(move |to: Lanes| {
        let mut query = query.get_untracked();
        query.remove("lanes");
        if to != Lanes::None {
            query.insert("lanes", to.word().to_owned());
        }
        let address = format!("/board{}", query.to_query_string());
        navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    view! {
        <Menu
            class="button"
            label="Swimlanes"
            end=true
            button=ViewFn::from(move || {
                view! {
                    <Ico icon=Icon::Lanes />
                    {move || format!("Swimlanes: {}", lanes.get().word())}
                }
            })
        >
            {Lanes::ALL
                .into_iter()
                .map(|choice| {
                    view! {
                        <button
                            class="menu__item"
                            type="button"
                            role="menuitemradio"
                            aria-checked=move || (lanes.get() == choice).to_string()
                            on:click=move |_| go.with_value(|go| go(choice))
                        >
                            <span>{choice.word()}</span>
                        </button>
                    }
                })
                .collect_view()}
        </Menu>
    }
    .into_any()
}

#[component]
fn Columns(board: Board, filter: BoardFilter, lanes: Memo<Lanes>, reload: Callback<()>) -> impl IntoView {
    let cards = RwSignal::new(Cards::new(&board));
    let position = board.position;
    let tags = StoredValue::new(board.tags);
    let filter = StoredValue::new(filter);
    let columns: Vec<Status> = board.columns.iter().filter_map(|c| board.workflow.status(c.status)).cloned().collect();
    let count = columns.len();
    let columns = StoredValue::new(columns);
    let arranged = Memo::new(move |_| cards.with(|c| c.arranged(lanes.get())));
    let shown = Memo::new(move |_| cards.with(|c| c.lanes(lanes.get())));
    Effect::new(move || {
        live().follow(Topic::Tickets, position, move |message| match message {
            ToBrowser::Ticket { ticket, .. } => {
                filter.with_value(|filter| cards.update(|c| c.take_in(ticket.clone(), filter)));
            }
            ToBrowser::Reset { .. } => reload.run(()),
            _ => {}
        });
    });
    view! {
        <div
            class="board__scroll"
            tabindex="0"
            role="region"
            aria-label="Board"
            style=format!("--columns:{count}")
        >
            <div class="board__head">
                <div class="board__corner"></div>
                {columns.get_value().into_iter().map(|status| view! { <Head status=status cards=cards /> }).collect_view()}
            </div>
            <For each=move || shown.get() key=|lane| lane.clone() let:lane>
                <LaneRow lane=lane lanes=lanes columns=columns arranged=arranged cards=cards tags=tags />
            </For>
            {move || {
                cards
                    .with(Cards::is_empty)
                    .then(|| {
                        view! {
                            <EmptyState
                                icon=Icon::Board
                                title="No cards"
                                text="No ticket fits here. New ones appear by themselves."
                            />
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

#[component]
fn Head(status: Status, cards: RwSignal<Cards>) -> impl IntoView {
    let Status { id, wip_limit, category, name, key, .. } = status;
    let state = Memo::new(move |_| wip(cards.with(|c| c.count(id)), wip_limit));
    let more = Memo::new(move |_| cards.with(|c| c.more(id)));
    view! {
        <h2 class="board__column" data-status=state_word(category)>
            <Ico icon=state_icon(category) />
            <span>{name}</span>
            <span class="wip" data-state=move || state.get().0>
                {move || state.get().1}
            </span>
            {move || {
                let address = format!("/tickets?status={key}");
                (more.get() > 0).then(|| view! { <a class="link" href=address>{format!("{} more", more.get())}</a> })
            }}
        </h2>
    }
    .into_any()
}

#[component]
fn LaneRow(
    lane: Lane,
    lanes: Memo<Lanes>,
    columns: StoredValue<Vec<Status>>,
    arranged: Memo<Arranged>,
    cards: RwSignal<Cards>,
    tags: StoredValue<Vec<Tag>>,
) -> impl IntoView {
    let title = lane.title(lanes.get_untracked());
    let label = if title.is_empty() { "All tickets".to_owned() } else { title.clone() };
    view! {
        <section class="lane" aria-label=label>
            <header class="lane__head">
                <div class="lane__name">
                    <span>{title.clone()}</span>
                </div>
            </header>
            {columns
                .get_value()
                .into_iter()
                .map(|status| {
                    let key = (lane.clone(), status.id.0);
                    let name = if title.is_empty() { status.name } else { format!("{}, {title}", status.name) };
                    let inside = Memo::new(move |_| arranged.with(|a| a.get(&key).cloned().unwrap_or_default()));
                    view! { <Cell name=name inside=inside cards=cards tags=tags /> }
                })
                .collect_view()}
        </section>
    }
    .into_any()
}

#[component]
fn Cell(
    name: String,
    inside: Memo<Vec<(TicketId, i64)>>,
    cards: RwSignal<Cards>,
    tags: StoredValue<Vec<Tag>>,
) -> impl IntoView {
    view! {
        <ol class="cell" aria-label=name>
            <For each=move || inside.get() key=|card| *card let:card>
                {cards.with_untracked(|c| c.get(card.0).cloned()).map(|t| view! { <Card ticket=t tags=tags /> })}
            </For>
        </ol>
    }
    .into_any()
}

#[component]
fn Card(ticket: Ticket, tags: StoredValue<Vec<Tag>>) -> impl IntoView {
    let who = ticket.company.map_or(ticket.requester.name, |c| c.name);
    let tags: Vec<Tag> = tags.with_value(|all| all.iter().filter(|t| ticket.tags.contains(&t.id)).cloned().collect());
    view! {
        <li class="card" data-urgency=ticket.urgency.word() data-importance=ticket.importance.word()>
            <a class="card__subject" href=format!("/tickets/{}", ticket.id) draggable="false">
                {ticket.subject}
            </a>
            <div class="card__meta">
                <span>{format!("#{}", ticket.id)}</span>
                <span class="truncate">{who}</span>
                {ticket.assignee.map(|a| view! { <Avatar name=a.name /> })}
            </div>
            {(!tags.is_empty())
                .then(|| {
                    view! {
                        <ul class="tags">
                            {tags
                                .into_iter()
                                .map(|t| {
                                    view! {
                                        <li class="tag" style=format!("--tag:var(--tag-{})", t.colour)>
                                            {t.name}
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    }
                })}
        </li>
    }
    .into_any()
}
