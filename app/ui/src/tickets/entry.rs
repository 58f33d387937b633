//! One entry of a conversation: a message, or a line about something that happened.

use super::{attachments::AttachmentList, mail_frame::MailFrame};
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{Avatar, ClockTime, clock},
};
use domain::{
    TicketId,
    event::{Happening, Was},
    text,
    ticket::Source,
    timeline::{Entry, Message},
    workflow::Workflow,
};
use leptos::prelude::*;
use std::sync::Arc;

/// How many lines a message may have before it is folded.
const LINES_SHOWN: usize = 24;
/// How many characters of text count as one line.
const LINE: usize = 90;

/// On which side and in which colour a message stands.
fn side(what: &Happening) -> &'static str {
    match what {
        Happening::Reply => "agent",
        Happening::Note => "note",
        _ => "customer",
    }
}

/// How a message came in.
pub fn source_icon(source: Source) -> Icon {
    match source {
        Source::Email => Icon::Mail,
        Source::Phone => Icon::Phone,
        Source::Chat | Source::Social => Icon::Chat,
        Source::Api => Icon::Code,
        Source::Web => Icon::Globe,
    }
}

/// A message or an event, as a child of `.timeline__list`.
///
/// `staff` says for whom: customers read their own words for states and get no links to single entries.
#[component]
pub fn EntryView(
    ticket: TicketId,
    entry: Arc<Entry>,
    staff: bool,
    workflow: StoredValue<Workflow>,
    /// Whether a link leads to this entry.
    #[prop(into)]
    marked: Signal<bool>,
    /// Whether it has just come in while somebody was looking.
    #[prop(optional)]
    fresh: bool,
) -> impl IntoView {
    match entry.message.clone() {
        Some(message) => view! { <MessageView ticket entry message staff marked fresh /> }.into_any(),
        None => view! { <EventLine entry staff workflow marked /> }.into_any(),
    }
}

#[component]
fn MessageView(
    ticket: TicketId,
    entry: Arc<Entry>,
    message: Message,
    staff: bool,
    marked: Signal<bool>,
    fresh: bool,
) -> impl IntoView {
    let kind = side(&entry.what);
    let id = entry.id;
    let name = entry.by.name.clone();
    let folded = RwSignal::new(!message.foreign_html && is_long(&message.html));
    let can_fold = RwSignal::new(folded.get_untracked());
    let time = if staff {
        view! {
            <a class="message__time" href=format!("/tickets/{ticket}?entry={id}") title="Link to this message">
                <ClockTime at=entry.at />
            </a>
        }
        .into_any()
    } else {
        view! {
            <span class="message__time">
                <ClockTime at=entry.at />
            </span>
        }
        .into_any()
    };
    let body = if message.foreign_html {
        view! {
            <div class="message__body" data-folded=move || folded.get().then_some("")>
                <MailFrame
                    html=message.html
                    title=format!("Mail of {name}")
                    on_tall=Callback::new(move |()| {
                        can_fold.set(true);
                        folded.set(true);
                    })
                />
            </div>
        }
        .into_any()
    } else {
        view! {
            <div class="message__body prose" data-folded=move || folded.get().then_some("") inner_html=message.html></div>
        }
        .into_any()
    };
    let quoted = message.quoted_html.map(|html| {
        let opened = RwSignal::new(false);
        view! {
            <details
                class="quote"
                on:toggle=move |event| {
                    opened.set(event_target::<web_sys::Element>(&event).has_attribute("open"));
                }
            >
                <summary>
                    <Ico icon=Icon::ChevronRight />
                    "Quoted text"
                </summary>
                {if message.foreign_html {
                    // A frame has no size while it is hidden: it is made when it is first looked at.
                    let html = StoredValue::new(html);
                    view! {
                        <div>
                            {move || {
                                opened
                                    .get()
                                    .then(|| {
                                        view! { <MailFrame html=html.get_value() title="Quoted text" /> }
                                    })
                            }}
                        </div>
                    }
                        .into_any()
                } else {
                    view! { <div class="prose" inner_html=html></div> }.into_any()
                }}
            </details>
        }
    });
    view! {
        <li
            class="message"
            class:is-new=fresh
            class:is-target=marked
            id=format!("e{id}")
            data-kind=kind
            tabindex="-1"
        >
            <header class="message__head">
                <Avatar name=name.clone() />
                <b class="message__author">{name}</b>
                {time}
                {staff.then(|| view! { <Ico icon=source_icon(message.channel) /> })}
                {(kind == "note")
                    .then(|| {
                        view! {
                            <span class="message__flag">
                                <Ico icon=Icon::Lock />
                                "Internal"
                            </span>
                        }
                    })}
            </header>
            {body}
            {move || {
                can_fold
                    .get()
                    .then(|| {
                        view! {
                            <button
                                class="button button--sm button--ghost"
                                type="button"
                                aria-expanded=move || (!folded.get()).to_string()
                                on:click=move |_| folded.update(|f| *f = !*f)
                            >
                                {move || if folded.get() { "Show all" } else { "Show less" }}
                            </button>
                        }
                    })
            }}
            {quoted}
            <AttachmentList files=message.attachments />
        </li>
    }
    .into_any()
}

/// Whether a message is so long that it is folded at first. Counted on its HTML: both halves must come to the same.
fn is_long(html: &str) -> bool {
    let breaks = ["<p", "<br", "<li", "<tr", "<h", "<pre"].iter().map(|tag| html.matches(tag).count()).sum::<usize>();
    let in_code = html.matches('\n').count();
    let tags = html.split('<').skip(1).filter_map(|t| t.find('>')).map(|end| end + 2).sum::<usize>();
    breaks.max(in_code) > LINES_SHOWN || html.len().saturating_sub(tags) / LINE > LINES_SHOWN
}

/// A quiet line about something that happened.
#[component]
pub fn EventLine(
    entry: Arc<Entry>,
    staff: bool,
    workflow: StoredValue<Workflow>,
    #[prop(into)] marked: Signal<bool>,
) -> impl IntoView {
    let words = workflow.with_value(|workflow| words(&entry, workflow, staff));
    view! {
        <li class="event" class:is-target=marked id=format!("e{}", entry.id) tabindex="-1">
            <Ico icon=icon(&entry.what) />
            <span>
                <b>{entry.by.name.clone()}</b>
                {words
                    .into_iter()
                    .map(|word| match word {
                        Word::Plain(text) => view! { {text} }.into_any(),
                        Word::Strong(text) => view! { <b>{text}</b> }.into_any(),
                    })
                    .collect_view()}
                " · "
                <ClockTime at=entry.at />
            </span>
        </li>
    }
    .into_any()
}

/// Several events in a row, folded into one line.
#[component]
pub fn EventRun(
    entries: Vec<Arc<Entry>>,
    staff: bool,
    workflow: StoredValue<Workflow>,
    #[prop(into)] marked: Signal<Option<domain::EventId>>,
) -> impl IntoView {
    let count = entries.len();
    let ends = entries.first().zip(entries.last()).map(|(first, last)| (first.at, last.at));
    let span = move || {
        ends.map(|(first, last)| {
            let (first, last) = (clock(me::wall(first)), clock(me::wall(last)));
            if first == last { first } else { format!("{first}–{last}") }
        })
    };
    let ids: Vec<_> = entries.iter().map(|e| e.id).collect();
    let holds_marked = Memo::new(move |_| marked.get().is_some_and(|m| ids.contains(&m)));
    view! {
        <li class="event-run">
            <details open=move || holds_marked.get()>
                <summary>
                    <Ico icon=Icon::Zap />
                    {format!("{count} events · ")}
                    {span}
                </summary>
                <ol>
                    {entries
                        .into_iter()
                        .map(|entry| {
                            let id = entry.id;
                            view! {
                                <EventLine entry staff workflow marked=Signal::derive(move || marked.get() == Some(id)) />
                            }
                        })
                        .collect_view()}
                </ol>
            </details>
        </li>
    }
    .into_any()
}

fn icon(what: &Happening) -> Icon {
    match what {
        Happening::Created { .. } => Icon::CirclePlus,
        Happening::Assignee(_) => Icon::User,
        Happening::Joined { .. } => Icon::UserPlus,
        Happening::Tags { .. } => Icon::Tag,
        Happening::Urgency(_) | Happening::Importance(_) => Icon::Flag,
        Happening::Subject(_) => Icon::Pencil,
        Happening::Watch { .. } => Icon::Eye,
        Happening::AttachmentDeleted { .. } => Icon::Trash,
        _ => Icon::Zap,
    }
}

/// A part of the sentence on an event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Plain(String),
    Strong(String),
}

/// What follows the name of who did it.
fn words(entry: &Entry, workflow: &Workflow, staff: bool) -> Vec<Word> {
    let plain = |text: &str| Word::Plain(text.to_owned());
    let strong = |text: &str| Word::Strong(text.to_owned());
    match &entry.what {
        Happening::Created { source } => vec![plain(&format!(" opened the ticket {}", source.name()))],
        Happening::Status(Was { to, .. }) => {
            let name = workflow.status(*to).map_or("another one", |s| if staff { &s.name } else { &s.customer_name });
            vec![plain(" set the status to "), strong(name)]
        }
        Happening::Assignee(Was { from, to }) => match (from, to) {
            (_, Some(to)) if entry.by.person.as_ref().is_some_and(|by| by.id == to.id) => {
                vec![plain(" took the ticket")]
            }
            (_, Some(to)) => vec![plain(" assigned the ticket to "), strong(&to.name)],
            (Some(from), None) => vec![plain(" took the ticket from "), strong(&from.name)],
            (None, None) => vec![plain(" left the ticket unassigned")],
        },
        Happening::Urgency(Was { to, .. }) => vec![plain(" set urgency to "), strong(to.name())],
        Happening::Importance(Was { to, .. }) => vec![plain(" set importance to "), strong(to.name())],
        Happening::Subject(Was { from, .. }) => {
            vec![plain(" changed the subject; it was "), strong(&text::excerpt(from, 80))]
        }
        Happening::Tags { added, removed } => {
            let mut words = Vec::new();
            if !added.is_empty() {
                words.extend([plain(" added "), strong(&added.join(", "))]);
            }
            if !removed.is_empty() {
                words.push(plain(if added.is_empty() { " removed " } else { " and removed " }));
                words.push(strong(&removed.join(", ")));
            }
            words
        }
        Happening::Watch { on, .. } => {
            vec![plain(if *on { " started to watch" } else { " stopped watching" })]
        }
        Happening::Joined { who, email } => {
            vec![plain(" brought in "), strong(&who.name), plain(&format!(" ({email})"))]
        }
        Happening::AttachmentDeleted { name, size, .. } => {
            vec![plain(" deleted the file "), strong(name), plain(&format!(" ({})", text::bytes(*size)))]
        }
        _ => vec![plain(" changed the ticket")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{EventId, StatusId, Time, UserId, people::Person, timeline::Author};

    fn said(what: Happening) -> String {
        let mia = Person { id: UserId(1), name: "Mia".into() };
        let entry = Entry {
            id: EventId(1),
            at: Time(0),
            by: Author { person: Some(mia), name: "Mia".into(), staff: true },
            what,
            message: None,
        };
        words(&entry, &Workflow::default(), true)
            .into_iter()
            .map(|word| match word {
                Word::Plain(text) => text,
                Word::Strong(text) => format!("*{text}*"),
            })
            .collect()
    }

    #[test]
    fn events_read_as_sentences() {
        let person = |id, name: &str| Some(Person { id: UserId(id), name: name.into() });
        for (what, expected) in [
            (Happening::Created { source: Source::Email }, " opened the ticket by e-mail"),
            (Happening::Assignee(Was { from: None, to: person(1, "Mia") }), " took the ticket"),
            (Happening::Assignee(Was { from: None, to: person(2, "Tom") }), " assigned the ticket to *Tom*"),
            (Happening::Assignee(Was { from: person(2, "Tom"), to: None }), " took the ticket from *Tom*"),
            (
                Happening::Tags { added: vec!["a".into(), "b".into()], removed: vec!["c".into()] },
                " added *a, b* and removed *c*",
            ),
            (Happening::Tags { added: vec![], removed: vec!["c".into()] }, " removed *c*"),
            (Happening::Status(Was { from: StatusId(1), to: StatusId(2) }), " set the status to *another one*"),
        ] {
            assert_eq!(said(what), expected);
        }
    }

    #[test]
    fn long_messages_are_known_by_their_text() {
        assert!(!is_long("<p>short</p>"));
        assert!(is_long(&"<p>line</p>".repeat(30)));
        assert!(is_long(&format!("<p>{}</p>", "word ".repeat(600))));
        assert!(!is_long(&format!("<p><a href=\"{}\">link</a></p>", "x".repeat(4_000))));
    }
}
