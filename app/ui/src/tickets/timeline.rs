//! The conversation on a staff page: scrolls in both directions, stays where it is read, and starts at its end.

use super::{
    attachments::Previews,
    conversation::{Conversation, Item, day_name},
    entry::{EntryView, EventRun},
    state::{Pending, TicketState},
    work::Work,
};
use crate::erased::{Sometimes, dynamic, effect, handler, list, reactive};
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{Avatar, ErrorNotice, focus_main},
};
use domain::{EventId, ticket::Writing, workflow::Workflow};
use leptos::prelude::*;

/// So far from an end, in CSS pixels, more is fetched.
const NEAR: i32 = 900;

/// The entries of a conversation as children of `.timeline__list`. Also for the portal.
#[component]
pub fn Entries(
    conversation: Conversation,
    staff: bool,
    workflow: StoredValue<Workflow>,
    #[prop(into)] marked: Signal<Option<EventId>>,
) -> impl IntoView {
    Effect::new(move |before: Option<Option<EventId>>| {
        let now = marked.get();
        // It may come with entries that are on their way.
        conversation.entries.track();
        request_animation_frame(move || {
            for (id, is) in [(before.flatten().filter(|id| Some(*id) != now), false), (now, true)] {
                let Some(element) = id.and_then(|id| document().get_element_by_id(&format!("e{id}"))) else { continue };
                // Fails for names with spaces only.
                let _ = element.class_list().toggle_with_force("is-target", is);
                if let Ok(Some(run)) = element.closest("details").map(|run| run.filter(|_| is)) {
                    let _ = run.set_attribute("open", "");
                }
            }
        });
        now
    });
    // Whatever it is compared with, it has changed: comparing would be more work than looking at the keys.
    let pages = Memo::new_with_compare(move |_| conversation.pages(), |_, _| true);
    let starts = move || pages.with(|pages| pages.iter().map(|page| page.start).collect::<Vec<_>>());
    let of = move |start: EventId| {
        pages.with(|pages| {
            pages.iter().find(|page| page.start == start).map(|page| page.items.clone()).unwrap_or_default()
        })
    };
    let item = move |item: Item| match item {
        Item::Day(wall) => view! {
            <li class="timeline__day">{dynamic(move || day_name(wall, me::wall(me::now().get()), me::language()))}</li>
        }
        .into_any(),
        Item::One(entry) => {
            let id = entry.id;
            view! {
                <EntryView
                    ticket=conversation.ticket
                    entry
                    staff
                    workflow
                    marked=marked.get_untracked() == Some(id)
                    fresh=conversation.is_new(id)
                />
            }
            .into_any()
        }
        Item::Run(entries) => view! { <EventRun entries staff workflow marked=marked.get_untracked() /> }.into_any(),
    };
    let page = move |start: EventId| list(move || of(start), Item::key, item);
    list(starts, |start| [start.0, 0, 0], page)
}

/// The scrolling conversation of a ticket's page.
#[component]
pub fn Timeline(state: TicketState, work: Work, #[prop(into)] marked: Signal<Option<EventId>>) -> impl IntoView {
    let conversation = state.conversation;
    let planned = StoredValue::new(false);
    let look = move || {
        planned.set_value(false);
        let Some(scroller) = conversation.scroller.try_get_untracked().flatten() else { return };
        let (below, above) = distances(&scroller);
        let at_end = below < 60 && !conversation.more_after.get_untracked();
        if conversation.at_end.get_untracked() != at_end {
            conversation.at_end.set(at_end);
        }
        if at_end && conversation.unread.get_untracked() > 0 {
            conversation.unread.set(0);
        }
        if above < NEAR {
            conversation.more(true);
        } else if below < NEAR {
            conversation.more(false);
        }
    };
    // Scroll events come more often than frames.
    let scrolled = move |_| {
        if !planned.get_value() {
            planned.set_value(true);
            request_animation_frame(look);
        }
    };
    effect(move || {
        // A short page of long events leaves room for more at once, without any scrolling.
        conversation.entries.track();
        request_animation_frame(look);
    });
    effect(move || {
        if let Some(id) = marked.get() {
            conversation.to_entry(id);
        }
    });
    let jump = move || {
        let unread = conversation.unread.get();
        let away = !conversation.at_end.get();
        away.then(|| {
            let words = match unread {
                0 => "Newest".to_owned(),
                1 => "1 new message".to_owned(),
                n => format!("{n} new messages"),
            };
            view! {
                <button
                    class="timeline__jump button button--sm"
                    type="button"
                    data-news=(unread > 0).then_some("")
                    on:click=handler(move |_| {
                        focus_main();
                        conversation.to_end();
                    })
                >
                    <Ico icon=Icon::ArrowDown />
                    {words}
                </button>
            }
        })
    };
    view! {
        <div
            class="timeline"
            tabindex="0"
            role="region"
            aria-label="Conversation"
            node_ref=conversation.scroller
            on:scroll=handler(scrolled)
            // Whoever moves through the conversation with the newest message in sight has seen it.
            on:wheel=handler(move |_| state.read_on())
            on:pointerdown=handler(move |_| state.read_on())
            on:touchmove=handler(move |_| state.read_on())
            on:keydown=handler(move |_| state.read_on())
        >
            <div class="timeline__in">
                <ol class="timeline__list" aria-live="off">
                    {dynamic(move || {
                        conversation
                            .more_before
                            .get()
                            .shown(|| view! { <More conversation before=true /> })
                    })}
                    <Entries conversation staff=true workflow=state.workflow marked />
                    {dynamic(move || {
                        conversation
                            .more_after
                            .get()
                            .shown(|| view! { <More conversation before=false /> })
                    })}
                    {list(
                        move || state.pending.get(),
                        |pending| [pending.key.into(), 0, 0],
                        |pending| view! { <PendingView pending /> }.into_any(),
                    )}
                </ol>
                {dynamic(move || {
                    conversation
                        .failed
                        .get()
                        .map(|error| {
                            let retry = Callback::new(move |()| {
                                conversation.failed.set(None);
                                look();
                            });
                            view! { <ErrorNotice error retry=retry /> }
                        })
                })}
                {dynamic(jump)}
            </div>
        </div>
        <p class="sr-only" role="status" aria-live="polite">
            {dynamic(move || state.spoken.get())}
        </p>
        <Previews work />
    }
    .into_any()
}

/// How far the view is from the end and from the beginning, in CSS pixels. The scroller runs from its end: see `.timeline`
/// in the style sheet.
fn distances(scroller: &web_sys::HtmlElement) -> (i32, i32) {
    let room = scroller.scroll_height() - scroller.client_height();
    let below = -scroller.scroll_top();
    (below, room - below)
}

#[component]
fn More(conversation: Conversation, before: bool) -> impl IntoView {
    view! {
        <li class="timeline__more">
            <button
                class="button button--sm"
                type="button"
                aria-busy=reactive(move || conversation.loading.get().then_some("true"))
                on:click=handler(move |_| conversation.more(before))
            >
                {if before { "Older entries" } else { "Newer entries" }}
            </button>
        </li>
    }
    .into_any()
}

/// A message on its way.
#[component]
fn PendingView(pending: Pending) -> impl IntoView {
    let kind = if pending.writing == Writing::Note { "note" } else { "agent" };
    let me = me::me().map(|me| me.as_person());
    let picture = me.as_ref().and_then(|me| me.picture_path());
    let name = me.map(|me| me.name).unwrap_or_default();
    view! {
        <li class="message is-new" data-kind=kind data-pending>
            <header class="message__head">
                <Avatar name=name.clone() picture />
                <b class="message__author">{name}</b>
                <span class="message__flag">
                    <Ico icon=if kind == "note" { Icon::Lock } else { Icon::Clock } />
                    {if kind == "note" { "Internal, saving…" } else { "Sending…" }}
                </span>
            </header>
            <div class="message__body prose message__body--plain">{pending.body}</div>
        </li>
    }
    .into_any()
}
