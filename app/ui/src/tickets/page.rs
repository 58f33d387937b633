//! A ticket: conversation, composer, properties.

use super::{
    attachments::provide_preview,
    composer::{ComposerPlace, dropped_on_ticket},
    head::Head,
    inbox::PropsOpen,
    list::list_title,
    properties::Properties,
    rpc,
    state::TicketState,
    timeline::Timeline,
    work::Work,
};
use crate::erased::{effect, handler, memo};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    keys::{Command, Here, on_command, open_here},
    me,
    rpc::Rpc,
    shared::{EmptyState, ErrorNotice, Title, awaited, copy, is_lost, settled},
    type_ahead::{self, Awaited},
};
use domain::{
    Code, Error, EventId, TicketId,
    timeline::{Part, TicketView},
};
use leptos::{ev, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};

/// Beside the list while no ticket is open.
#[component]
pub fn NoTicket() -> impl IntoView {
    let query = use_query_map();
    view! {
        <Title text=move || list_title(&query.get()) />
        <section class="ticket ticket--empty">
            <EmptyState icon=Icon::Inbox title="No ticket is open" text="Choose one from the list, or press J and Enter." />
        </section>
    }
}

#[component]
pub fn TicketPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = memo(move || params.with(|p| p.get("id").and_then(|n| n.parse::<i64>().ok())).map(TicketId));
    let marked = memo(move || query.with(|q| q.get("entry").and_then(|n| n.parse::<i64>().ok())).map(EventId));
    let view = resource(
        move || id.get(),
        move |id| {
            let part = marked.get_untracked().map_or(Part::Latest, Part::Around);
            async move {
                match id {
                    Some(id) => rpc::view(id, part).await,
                    None => Err(Error::not_found("ticket").into()),
                }
            }
        },
    );
    provide_preview();
    view! {
        {awaited(Skeleton, move || async move {
                let found: Rpc<TicketView> = view.await;
                if let (Err(_), Some(id)) = (&found, id.get_untracked()) {
                    effect(move || type_ahead::give_up(Awaited::Ticket(id)));
                }
                match found {
                    Ok(found) => view! { <OpenTicket view=found marked /> }.into_any(),
                    Err(error) if error.0.code == Code::NotFound => view! { <NoSuchTicket /> }.into_any(),
                    Err(error) => {
                        view! {
                            <section class="ticket ticket--empty">
                                <ErrorNotice error=error.0 retry=Callback::new(move |()| view.refetch()) />
                            </section>
                        }
                            .into_any()
                    }
                }
            })}
    }
    .into_any()
}

#[component]
fn OpenTicket(view: TicketView, marked: Memo<Option<EventId>>) -> impl IntoView {
    let (drafts, unsent, signature) = (view.drafts.clone(), view.unsent.clone(), view.signature.clone());
    let state = TicketState::new(view);
    state.follow();
    let work = Work::begin();
    let PropsOpen(props_open) = expect_context();
    props_open.set(false);
    on_command(move |command| match command {
        Command::Reply | Command::Note => props_open.set(false),
        Command::Watch => state.watch(!state.watching.get_untracked()),
        Command::CopyLink => copy_link(state),
        _ => {}
    });
    let me = me::me().map(|me| me.id);
    let mine = Signal::derive(move || state.ticket.with(|t| t.assignee.as_ref().map(|a| a.id) == me));
    open_here(Here { id: state.id, watching: state.watching.into(), mine });
    let (id, in_place) = (state.id, me::taken_over().get_untracked());
    // The parts of the page listen to keys from their own effects on, which come before this one's last.
    effect(move || {
        leptos::task::spawn_local(async move {
            settled().await;
            if in_place {
                read_on(state);
            }
            type_ahead::arrived(Awaited::Ticket(id));
        });
    });
    let title = move || state.ticket.with(|t| format!("#{} {}", t.id, t.subject));
    // On the server the head is written last, when the values of the page may be gone already.
    #[cfg(feature = "ssr")]
    let title = title();
    view! {
        <Title text=title />
        <section
            class="ticket"
            aria-labelledby="ticket-title"
            on:dragover=handler(|event: ev::DragEvent| event.prevent_default())
            on:drop=handler(|event: ev::DragEvent| dropped_on_ticket(&event))
        >
            <Head state />
            <Timeline state marked work />
            <ComposerPlace state drafts unsent signature work />
        </section>
        <button
            class="inbox__scrim"
            type="button"
            aria-label="Close properties"
            on:click=handler(move |_| props_open.set(false))
        ></button>
        <Properties state work />
    }
    .into_any()
}

/// Puts the ticket's address into the clipboard.
fn copy_link(state: TicketState) {
    let origin = window().location().origin().unwrap_or_default();
    let address = format!("{origin}/tickets/{}", state.id);
    let said = if copy(&address) {
        format!("The link to #{} is copied.", state.id)
    } else {
        format!("The browser does not let it be copied: {address}")
    };
    state.toaster.say(said, None);
}

/// Whoever has come to the ticket from the list, or from a page that is gone, reads on in the conversation.
fn read_on(state: TicketState) {
    let focused = document().active_element();
    let left =
        focused.is_some_and(|e| e.id() == "main" || e.closest(".ticket-list, .palette").ok().flatten().is_some());
    if let (true, Some(Some(conversation))) = (left || is_lost(), state.conversation.scroller.try_get_untracked()) {
        let _ = conversation.focus();
    }
}

#[component]
fn NoSuchTicket() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="No such ticket" />
        <section class="ticket ticket--empty" aria-labelledby="ticket-title">
            <div class="error-page">
                <p class="error-page__code">"404"</p>
                <h1 class="error-page__title" id="ticket-title">
                    "This ticket is not here"
                </h1>
                <p>"The number may be mistyped, or the ticket is not yours to see."</p>
                <div class="actions">
                    <a class="button button--primary" href="/tickets">
                        "Back to the list"
                    </a>
                    <a class="button" href="/search">
                        <Ico icon=Icon::Search />
                        "Search"
                    </a>
                </div>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Skeleton() -> impl IntoView {
    let message = |kind: &'static str, width: &'static str| {
        view! {
            <li class="message" data-kind=kind data-w=width>
                <i class="skeleton" data-w="40%"></i>
                <i class="skeleton" data-w="95%"></i>
                <i class="skeleton" data-w="70%"></i>
            </li>
        }
    };
    view! {
        <section class="ticket" aria-busy="true" aria-label="Loading the ticket">
            <header class="ticket__head">
                <p class="ticket__title">
                    <i class="skeleton" data-w="60%"></i>
                </p>
                <div class="ticket__meta">
                    <i class="skeleton" data-w="240px"></i>
                </div>
            </header>
            <div class="timeline">
                <div class="timeline__in">
                    <ol class="timeline__list" aria-hidden="true">
                        {message("customer", "60%")}
                        {message("agent", "55%")}
                        {message("customer", "45%")}
                    </ol>
                </div>
            </div>
        </section>
        <aside class="props" aria-hidden="true"></aside>
    }
    .into_any()
}
