//! The board's page: columns by status, lanes by a property, changes of others at once.

use super::{
    cell::Cell,
    drag::{Drag, card_of},
    model::{Arranged, Cards, wip},
    rpc,
    walk::Walk,
};
use crate::erased::{Rows, Sometimes, dynamic, effect, handler, memo, reactive};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    live::live,
    me,
    rpc::Rpc,
    shared::{EmptyState, ErrorNotice, Menu, Title, awaited, face, focus_page, keep_focus, state_icon, state_word},
    tickets::filters::{ClearChip, TicketChips, Unknown, WithoutFilters, filter_of, with_query},
};
use domain::{
    UserId,
    board::{Board, BoardFilter, Lane, Lanes},
    live::{ToBrowser, Topic},
    priority::Level,
    tag::Tag,
    workflow::Status,
};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

/// So many rows of cards are in the page as the server sends it: more than most windows show. The browser asks for the rest
/// once it has taken the page over, as nobody waits for it then; sent at once it would be there twice, as the page and as
/// its data.
#[cfg(feature = "ssr")]
const FIRST_ROWS: usize = 16;

#[component]
pub fn BoardPage() -> impl IntoView {
    Unknown::provide();
    let query = use_query_map();
    let user = me::me().map(|m| m.id);
    let filter = memo(move || {
        let list = filter_of(&query.get(), &me::workflow(), user);
        BoardFilter {
            assignee: list.assignee,
            team: list.team,
            company: list.company,
            urgency: list.urgency,
            importance: list.importance,
            tag: list.tag,
        }
    });
    let lanes = memo(move || query.get().get("lanes").and_then(|l| Lanes::from_word(&l)).unwrap_or_default());
    let board = resource(
        move || filter.get(),
        move |filter| async move {
            #[cfg(feature = "ssr")]
            return rpc::first_rows(filter, lanes.get_untracked(), FIRST_ROWS).await;
            #[cfg(not(feature = "ssr"))]
            rpc::read_board(filter).await
        },
    );
    view! {
        <Title text="Board" />
        <div class="board" data-lanes=reactive(move || lanes.get().word())>
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
            <div class="board__chips chips">
                <TicketChips />
                <ClearChip />
            </div>
            {awaited(|| {
                view! {
                    <div class="board__loading" role="status" aria-label="Loading the board">
                        <i class="skeleton skeleton--block"></i>
                        <i class="skeleton skeleton--block"></i>
                        <i class="skeleton skeleton--block"></i>
                        <i class="skeleton skeleton--block"></i>
                    </div>
                }
            }, move || async move {
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
            says_it=true
            end=true
            button=ViewFn::from(move || {
                view! {
                    <Ico icon=Icon::Lanes />
                    {dynamic(move || format!("Swimlanes: {}", lanes.get().word()))}
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
                            aria-checked=reactive(move || (lanes.get() == choice).to_string())
                            on:click=handler(move |_| go.with_value(|go| go(choice)))
                        >
                            <span>{choice.word()}</span>
                        </button>
                    }
                })
                .rows()}
        </Menu>
    }
    .into_any()
}

#[component]
fn Columns(board: Board, filter: BoardFilter, lanes: Memo<Lanes>, reload: Callback<()>) -> impl IntoView {
    focus_page();
    let cards = RwSignal::new(Cards::new(&board));
    let position = board.position;
    let tags = StoredValue::new(board.tags);
    let filter = StoredValue::new(filter);
    let columns: Vec<Status> = board.columns.iter().filter_map(|c| board.workflow.status(c.status)).cloned().collect();
    let count = columns.len();
    let columns = StoredValue::new(columns);
    let arranged = memo(move || cards.with(|c| c.arranged(lanes.get())));
    let shown = memo(move || cards.with(|c| c.lanes(lanes.get())));
    let drag = Drag::new(cards, lanes, shown, filter.get_value(), board.workflow);
    let walk = Walk::new(drag.scroller, arranged);
    effect(move || {
        live().follow(Topic::Tickets, position, move |message| match message {
            ToBrowser::Ticket { ticket, .. } => {
                keep_focus(|| filter.with_value(|filter| cards.update(|c| c.take_in(ticket.clone().into(), filter))));
            }
            ToBrowser::Reset { .. } => reload.run(()),
            _ => {}
        });
    });
    let failed = RwSignal::new(None::<domain::Error>);
    let load_rest = move || {
        failed.set(None);
        let wanted = filter.get_value();
        leptos::task::spawn_local(async move {
            match rpc::read_board(wanted).await {
                // Where it was read anew in the meantime, this part of the page is gone.
                Ok(whole) => {
                    keep_focus(|| {
                        filter.try_with_value(|filter| cards.try_update(|cards| cards.complete(&whole, filter)));
                    });
                }
                Err(error) => {
                    failed.try_set(Some(error.0));
                }
            }
        });
    };
    effect(move || {
        if me::taken_over().get() && cards.with_untracked(Cards::is_beginning) {
            load_rest();
        }
    });
    view! {
        <div
            class="board__scroll"
            class:is-moving=reactive(move || drag.by_pointer.get())
            tabindex="0"
            role="region"
            aria-label="Board"
            data-columns=count.to_string()
            node_ref=drag.scroller
            on:pointerdown=handler(move |event: leptos::ev::PointerEvent| {
                drag.pressed(card_of(&event), &event);
            })
            // Here, as the router listens further out, and before.
            on:click=handler(move |event: leptos::ev::MouseEvent| drag.clicked(&event))
            on:keydown=handler(move |event: leptos::ev::KeyboardEvent| {
                if let Some(card) = card_of(&event) {
                    drag.key(card, &event);
                    if !event.default_prevented() && drag.lifted.with_untracked(Option::is_none) {
                        walk.key(card, &event);
                    }
                }
            })
        >
            <div class="board__head">
                <div class="board__corner"></div>
                {columns
                    .get_value()
                    .into_iter()
                    .map(|status| view! { <Head status=status cards=cards drag=drag /> })
                    .rows()}
            </div>
            <For each=move || shown.get() key=|lane| lane.clone() let:lane>
                <LaneRow lane=lane lanes=lanes columns=columns arranged=arranged cards=cards tags=tags drag=drag shown=shown />
            </For>
            <Rest columns=columns cards=cards />
            {dynamic(move || {
                failed
                    .get()
                    .map(|error| {
                        view! {
                            <div class="board__failed">
                                <ErrorNotice error=error retry=Callback::new(move |()| load_rest()) />
                            </div>
                        }
                    })
            })}
            {dynamic(move || {
                cards
                    .with(Cards::is_empty)
                    .shown(|| {
                        view! {
                            <EmptyState
                                icon=Icon::Board
                                title="No cards"
                                text="No ticket fits here. New ones appear by themselves."
                            >
                                <WithoutFilters />
                            </EmptyState>
                        }
                    })
            })}
        </div>
        <p class="sr-only" id="board-keys">
            "Arrow keys go from card to card, Space lifts one."
        </p>
        <p class="sr-only" aria-live="assertive">
            {dynamic(move || drag.speech.get())}
        </p>
        {dynamic(move || {
            let held = drag.lifted.get().filter(|_| drag.by_pointer.get());
            held.and_then(|id| cards.with_untracked(|c| c.get(id).cloned()))
                .map(|ticket| {
                    view! {
                        <div class="card card--ghost is-lifted" aria-hidden="true" node_ref=drag.ghost>
                            <span class="card__subject">{ticket.subject}</span>
                            <div class="card__meta">
                                <span>{format!("#{}", ticket.id)}</span>
                            </div>
                        </div>
                    }
                })
        })}
    }
    .into_any()
}

#[component]
fn Head(status: Status, cards: RwSignal<Cards>, drag: Drag) -> impl IntoView {
    let Status { id, wip_limit, category, name, .. } = status;
    let state = memo(move || wip(cards.with(|c| c.count(id)), wip_limit));
    let refuses = move || {
        let over = drag.spot.with(|s| s.as_ref().filter(|s| s.status == id).map(|s| s.lane.clone()))?;
        drag.refused(&over, id).map(|_| "")
    };
    view! {
        <h2 class="board__column" data-status=state_word(category) data-refused=reactive(refuses)>
            <Ico icon=state_icon(category) />
            <span>{name}</span>
            {if me::start().may(domain::policy::Action::Administer) {
                view! {
                    <a
                        class="wip"
                        href="/settings/board"
                        title="Set the limit of this column"
                        data-state=reactive(move || state.get().0)
                    >
                        {dynamic(move || state.get().1)}
                    </a>
                }
                    .into_any()
            } else {
                view! {
                    <span class="wip" data-state=reactive(move || state.get().0)>
                        {dynamic(move || state.get().1)}
                    </span>
                }
                    .into_any()
            }}
        </h2>
    }
    .into_any()
}

/// Below each column: how many of its tickets have no card, and a link to them in the list.
#[component]
fn Rest(columns: StoredValue<Vec<Status>>, cards: RwSignal<Cards>) -> impl IntoView {
    let query = use_query_map();
    let more = memo(move || {
        cards.with(|cards| columns.with_value(|all| all.iter().map(|status| cards.more(status.id)).collect::<Vec<_>>()))
    });
    dynamic(move || {
        let more = more.get();
        if more.iter().all(|count| *count == 0) {
            return None;
        }
        let link = |(status, count): (Status, i64)| {
            let address = query.with(|query| {
                let mut query = query.clone();
                query.remove("lanes");
                with_query("/tickets", &query, "status", Some(&status.key))
            });
            let link = (count > 0).shown(|| {
                view! {
                    <a class="board__more" href=address aria-label=format!("{count} more, {}", status.name)>
                        {format!("{count} more")}
                    </a>
                }
            });
            view! { <div>{link}</div> }.into_any()
        };
        Some(view! {
            <div class="board__rest">
                <div class="board__corner"></div>
                {columns.get_value().into_iter().zip(more).map(link).rows()}
            </div>
        })
    })
}

/// What stands before a lane's name. Of people there is a picture, as on their cards.
fn mark(lane: &Lane, lanes: Lanes, cards: RwSignal<Cards>) -> Option<AnyView> {
    match (lane, lanes) {
        (Lane::Level(number), Lanes::Urgency | Lanes::Importance) => {
            let word = Level::from_number(-number)?.word();
            let of = |wanted| (lanes == wanted).then_some(word);
            Some(
                view! {
                    <span class="prio" data-urgency=of(Lanes::Urgency) data-importance=of(Lanes::Importance)></span>
                }
                .into_any(),
            )
        }
        (Lane::Named(name, id), Lanes::Assignee) => {
            let picture = cards.with_untracked(|cards| cards.picture_of(UserId(*id)));
            Some(face(name, picture, "").element().into_any())
        }
        (Lane::Nobody, Lanes::Assignee) => Some(view! { <Ico icon=Icon::Unassigned /> }.into_any()),
        _ => None,
    }
}

#[component]
fn LaneRow(
    lane: Lane,
    lanes: Memo<Lanes>,
    columns: StoredValue<Vec<Status>>,
    arranged: Memo<Arranged>,
    cards: RwSignal<Cards>,
    tags: StoredValue<Vec<Tag>>,
    drag: Drag,
    shown: Memo<Vec<Lane>>,
) -> impl IntoView {
    let title = lane.title(lanes.get_untracked());
    let label = if title.is_empty() { "All tickets".to_owned() } else { title.clone() };
    let mark = mark(&lane, lanes.get_untracked(), cards);
    let by_company = lanes.get_untracked() == Lanes::Company;
    // Nothing is said of a lane while some of its cards may not be here yet.
    let count = {
        let lane = lane.clone();
        memo(move || {
            let all = columns.with_value(|all| all.iter().map(|s| (lane.clone(), s.id.0)).collect::<Vec<_>>());
            let count = arranged.with(|a| all.iter().filter_map(|cell| a.get(cell)).map(Vec::len).sum::<usize>());
            match (cards.with(Cards::is_beginning), count) {
                (true, _) => String::new(),
                (false, 1) => "1 card".to_owned(),
                (false, count) => format!("{count} cards"),
            }
        })
    };
    view! {
        <section class="lane" aria-label=label>
            <header class="lane__head">
                <div class="lane__name">{mark} <span>{title.clone()}</span></div>
                <p class="lane__meta">{dynamic(move || count.get())}</p>
            </header>
            {columns
                .get_value()
                .into_iter()
                .map(|status| {
                    let key = (lane.clone(), status.id.0);
                    let name = if title.is_empty() { status.name } else { format!("{}, {title}", status.name) };
                    let inside = memo(move || arranged.with(|a| a.get(&key).cloned().unwrap_or_default()));
                    let place = (lane.clone(), status.id);
                    let own = lane.clone();
                    let number = memo(move || shown.with(|all| all.iter().position(|l| *l == own)));
                    view! {
                        <Cell name=name place=place number=number inside=inside cards=cards tags=tags drag=drag by_company=by_company />
                    }
                })
                .rows()}
        </section>
    }
    .into_any()
}
