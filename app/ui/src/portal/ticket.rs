use super::{
    draft::Written,
    files::FileField,
    form::{PortalForm, Sending},
    new::General,
    pill,
    rating::Rating,
    rpc,
};
use crate::erased::{Rows, Sometimes, dynamic, effect, handler, list, memo};
use crate::fetched::resource;
use crate::{
    attempt::Attempt,
    flash::keyed,
    icons::{Ico, Icon},
    live::live,
    me,
    shared::{Avatar, ErrorNotice, TextArea, Title, When, awaited, toast_error},
    tickets::rpc::write,
};
use domain::{
    Code, EventId, TicketId,
    event::{Audience, Happening},
    live::{ToBrowser, Topic},
    text,
    ticket::{NewMessage, Writing},
    timeline::{Entry, Part, TicketView},
};
use leptos::{ev, html, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};

/// `/portal/tickets/N`.
#[component]
pub fn PortalTicket() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    // `?before=` shows what is older, for who has no script.
    let wanted = memo(move || {
        let id = params.get().get("id").and_then(|n| n.parse().ok()).map(TicketId);
        let before = query.get().get("before").and_then(|n| n.parse().ok()).map(EventId);
        (id, before.map_or(Part::Latest, Part::Before))
    });
    let view = resource(
        move || wanted.get(),
        |(id, part)| async move {
            match id {
                Some(id) => rpc::view(id, part).await,
                None => Err(domain::Error::not_found("ticket").into()),
            }
        },
    );
    view! {
        {awaited(|| {
            view! {
                <div class="portal__width portal__width--read" aria-busy="true">
                    <i class="skeleton skeleton--block" data-tall="320"></i>
                </div>
            }
        }, move || async move {
                match view.await {
                    Ok(view) => {
                        let latest = wanted.get_untracked().1 == Part::Latest;
                        view! { <Conversation view=view latest=latest /> }.into_any()
                    }
                    Err(error) if error.0.code == Code::NotFound => view! { <Missing /> }.into_any(),
                    Err(error) => {
                        view! {
                            <div class="portal__width portal__width--read">
                                <ErrorNotice error=error.0 retry=Callback::new(move |()| view.refetch()) />
                            </div>
                        }
                            .into_any()
                    }
                }
            })}
    }
    .into_any()
}

/// No such ticket, or somebody else's: both look the same. Inside the frame, so that the way back is at hand.
#[component]
fn Missing() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="Ticket not found" />
        <div class="error-page">
            <p class="error-page__code">"404"</p>
            <h1 class="error-page__title">"This ticket is not here"</h1>
            <p>"The number may have a typing error, or the ticket belongs to another account."</p>
            <div class="actions">
                <a class="button button--primary" href="/portal">
                    "My tickets"
                </a>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Conversation(view: TicketView, latest: bool) -> impl IntoView {
    let id = view.ticket.id;
    let user = me::me().map(|m| m.id);
    let status = RwSignal::new(view.ticket.status);
    let entries = RwSignal::new(view.slice.entries);
    let more = RwSignal::new(view.slice.more_before);
    let position = view.position;
    let flash = keyed();
    let add = move |entry: &Entry| {
        entries.update(|all| {
            if all.iter().all(|e| e.id != entry.id) {
                all.push(entry.clone());
                all.sort_by_key(|e| e.id);
            }
        });
    };
    effect(move || {
        if !latest {
            return;
        }
        live().follow(Topic::Ticket(id), position, move |message| match message {
            // Staff are told of internal entries, too. Here they are a customer.
            ToBrowser::Entry { entry, .. } if entry.what.audience() == Audience::Public => add(entry),
            ToBrowser::Ticket { ticket, .. } => status.set(ticket.status),
            ToBrowser::Reset { .. } => {
                let _ = window().location().reload();
            }
            _ => {}
        });
    });
    let older = move |event: ev::MouseEvent| {
        event.prevent_default();
        let Some(first) = entries.with_untracked(|all| all.first().map(|e| e.id)) else { return };
        leptos::task::spawn_local(async move {
            match rpc::timeline(id, Part::Before(first)).await {
                Ok(slice) => {
                    more.set(slice.more_before);
                    entries.update(|all| {
                        all.splice(0..0, slice.entries);
                    });
                }
                Err(error) => toast_error(&error.0),
            }
        });
    };
    let older_at = move || {
        let first = entries.with(|all| all.first().map(|e| e.id));
        first.map(|first| format!("/portal/tickets/{id}?before={first}"))
    };
    // With a script, an answer is sent without leaving the page.
    let attempt = Attempt::new();
    let problem = RwSignal::new(flash.problem("body"));
    let text_node = NodeRef::<html::Textarea>::new();
    let sending = Sending::new(Written::Answer(id), &flash, move |sending, _| {
        let Some(field) = text_node.get_untracked() else { return sending.busy.set(false) };
        problem.set(None);
        let files = sending.files;
        let message = NewMessage {
            writing: Writing::Reply,
            body: field.value(),
            attachments: files.uploads.done(),
            seen: None,
            status: None,
            key: None,
            sign: false,
        };
        let message = NewMessage { key: Some(attempt.key(&message)), ..message };
        leptos::task::spawn_local(async move {
            let result = write(id, message).await;
            // Another page may be open by now.
            if !sending.answered(result.is_ok()) {
                return;
            }
            sending.busy.set(false);
            match result {
                Ok((ticket, entry)) => {
                    attempt.forget();
                    field.set_value("");
                    files.uploads.take();
                    status.set(ticket.status);
                    // On an older part of the conversation it would be out of sight.
                    if !latest {
                        let _ = window().location().set_href(&format!("/portal/tickets/{id}#e{entry}"));
                        return;
                    }
                    let newest = entries.with_untracked(|all| all.last().map(|e| e.id));
                    // The socket may be away: ask for what is new.
                    if let Some(newest) = newest
                        && let Ok(slice) = rpc::timeline(id, Part::After(newest)).await
                    {
                        slice.entries.iter().for_each(add);
                    }
                }
                Err(error) => {
                    let error = error.0;
                    let about_files = error.of_field("attachments").map(str::to_owned);
                    if about_files.is_none() || error.of_field("body").is_some() {
                        problem.set(Some(error.of_field("body").unwrap_or(&error.message).to_owned()));
                    }
                    files.problem.set(about_files);
                }
            }
        });
    });
    let changed = Callback::new(move |()| attempt.forget());
    let subject = view.ticket.subject.clone();
    view! {
        <Title text=subject />
        <div class="portal__width portal__width--read">
            <a class="portal__back" href="/portal">
                <Ico icon=Icon::ArrowLeft />
                "My tickets"
            </a>
            <header class="portal__ticket-head">
                <h1 class="portal__title">{view.ticket.subject}</h1>
                <div class="portal__ticket-meta">
                    {dynamic(move || pill(&me::workflow(), status.get()))} <span>{format!("#{id}")}</span>
                    <span>"opened " {me::day(view.ticket.created_at)}</span>
                </div>
            </header>
            <div class="timeline" tabindex="0" role="region" aria-label="Conversation">
                <ol class="timeline__list" aria-live="polite">
                    {dynamic(move || {
                        more.get()
                            .shown(|| {
                                view! {
                                    <li class="timeline__more">
                                        <a class="button button--sm" href=older_at rel="external" on:click=handler(older)>
                                            "Older messages"
                                        </a>
                                    </li>
                                }
                            })
                    })}
                    {list(
                        move || entries.get(),
                        |entry| [entry.id.0, 0, 0],
                        move |entry| view! { <EntryRow entry=entry mine=user /> }.into_any(),
                    )}
                </ol>
            </div>
            {(!latest)
                .shown(|| {
                    view! {
                        <a class="portal__more" href=format!("/portal/tickets/{id}")>
                            "Newest messages"
                        </a>
                    }
                })}
            <Rating id status flash=flash.clone() />
            <General flash=flash.clone() />
            <PortalForm
                sending
                class="portal__answer"
                action=format!("/portal/tickets/{id}")
                flash=flash.clone()
                changed
            >
                <div class="field">
                    <label class="field__label" for="body">
                        "Your answer"
                    </label>
                    <TextArea
                        text=flash.value("body")
                        name="body"
                        id="body"
                        rows=5
                        node=text_node
                        invalid=Signal::derive(move || problem.with(Option::is_some))
                        described_by=Signal::derive(move || problem.with(|p| p.as_ref().map(|_| "body-error".to_owned())))
                    />
                    {dynamic(move || {
                        problem
                            .get()
                            .map(|problem| {
                                view! {
                                    <p class="field__error" id="body-error" role="alert">
                                        <Ico icon=Icon::Alert />
                                        {problem}
                                    </p>
                                }
                            })
                    })}
                </div>
                <FileField attached=sending.files />
            </PortalForm>
        </div>
    }
    .into_any()
}

/// A message, or a change of state in customers' words. For the customer, their own messages stand right.
#[component]
fn EntryRow(entry: Entry, mine: Option<domain::UserId>) -> impl IntoView {
    let id = format!("e{}", entry.id);
    let Some(message) = entry.message else {
        let workflow = me::workflow();
        let words = match &entry.what {
            Happening::Created { .. } => Some("Ticket opened".to_owned()),
            Happening::Status(was) => workflow.status(was.to).map(|s| s.customer_name.clone()),
            Happening::AttachmentDeleted { name, .. } => Some(format!("{} removed {name}", entry.by.name)),
            Happening::Emptied => Some("Erased: it is not kept any longer".to_owned()),
            _ => None,
        };
        return words
            .map(|words| {
                view! {
                    <li class="event" id=id>
                        <Ico icon=Icon::Info />
                        <span>{words} " · " <When at=entry.at /></span>
                    </li>
                }
            })
            .into_any();
    };
    // Staff who ask for something themselves stand on the customers' side, too.
    let kind = if entry.what == Happening::Reply { "agent" } else { "customer" };
    let own = entry.by.person.as_ref().is_some_and(|p| Some(p.id) == mine);
    view! {
        <li class="message" id=id data-kind=kind>
            <header class="message__head">
                <Avatar
                    name=entry.by.name.clone()
                    picture=entry.by.person.as_ref().and_then(domain::people::Person::picture_path)
                />
                <b class="message__author">{if own { "You".to_owned() } else { entry.by.name }}</b>
                <span class="message__time">
                    <When at=entry.at />
                </span>
            </header>
            <div class="message__body prose" inner_html=message.html></div>
            {message
                .quoted_html
                .map(|quoted| {
                    view! {
                        <details class="quote">
                            <summary>
                                <Ico icon=Icon::ChevronRight />
                                "Quoted text"
                            </summary>
                            <div class="prose" inner_html=quoted></div>
                        </details>
                    }
                })}
            {(!message.attachments.is_empty())
                .shown(|| {
                    view! {
                        <ul class="attachments">
                            {message
                                .attachments
                                .into_iter()
                                .map(|file| {
                                    let size = text::bytes(file.size);
                                    let inside = view! {
                                        <Ico icon=Icon::File />
                                        <span class="attachment__text">
                                            <span class="attachment__name">{file.name.clone()}</span>
                                            " "
                                            <span class="attachment__size">
                                                {if file.deleted_by.is_some() { "deleted".to_owned() } else { size }}
                                            </span>
                                        </span>
                                    };
                                    view! {
                                        <li>
                                            {if file.deleted_by.is_some() {
                                                view! { <span class="attachment">{inside}</span> }.into_any()
                                            } else {
                                                view! {
                                                    <a class="attachment" href=file.path() rel="external">
                                                        {inside}
                                                    </a>
                                                }
                                                    .into_any()
                                            }}
                                        </li>
                                    }
                                })
                                .rows()}
                        </ul>
                    }
                })}
        </li>
    }
    .into_any()
}
