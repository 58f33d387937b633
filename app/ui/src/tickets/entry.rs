//! One entry of a conversation: a message, or a line about something that happened.

use super::{
    attachments::AttachmentList,
    mail_frame::{MailFrame, PICTURES},
};
use crate::erased::{Sometimes, dynamic, handler, reactive};
use crate::{
    icons::{Ico, Icon, icon},
    me,
    shared::{Markup, clock, clock_time, face},
};
use domain::{
    TicketId,
    event::{Happening, Was},
    remote_images, text,
    ticket::Source,
    timeline::{Entry, Message},
    workflow::Workflow,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
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
    /// Whether a link leads to this entry. What is marked later is marked by the timeline.
    marked: bool,
    /// Whether it has just come in while somebody was looking.
    fresh: bool,
) -> impl IntoView {
    let Some(message) = entry.message.clone() else {
        return event_line(&entry, staff, workflow, marked).element().into_any();
    };
    let is_plain = !message.foreign_html
        && message.quoted_html.is_none()
        && message.attachments.is_empty()
        && !is_long(&message.html);
    if !is_plain {
        return view! { <MessageView ticket entry message staff marked fresh /> }.into_any();
    }
    // Most messages: nothing about them ever changes.
    Markup::new("<li tabindex=\"-1\" class=\"message")
        .raw(if fresh { " is-new" } else { "" })
        .raw(if marked { " is-target" } else { "" })
        .raw("\" data-kind=\"")
        .raw(side(&entry.what))
        .raw("\" id=\"e")
        .number(entry.id.0)
        .raw("\">")
        .with(head(ticket, &entry, &message, staff))
        .raw("<div class=\"message__body prose\">")
        .rendered(&message.html)
        .raw("</div></li>")
        .element()
        .into_any()
}

/// Who wrote a message, when, and on what way it came.
fn head(ticket: TicketId, entry: &Entry, message: &Message, staff: bool) -> Markup {
    let head = Markup::new("<header class=\"message__head\">")
        .with(face(&entry.by.name, entry.by.person.as_ref().and_then(|person| person.picture_path()), ""))
        .raw("<b class=\"message__author\">")
        .text(&entry.by.name)
        .raw("</b>");
    if !staff {
        return head.raw("<span class=\"message__time\">").with(clock_time(entry.at)).raw("</span></header>");
    }
    let head = head
        .raw("<a class=\"message__time\" title=\"Link to this message\" href=\"/tickets/")
        .number(ticket.0)
        .raw("?entry=")
        .number(entry.id.0)
        .raw("\">")
        .with(clock_time(entry.at))
        .raw("</a>")
        .with(icon(source_icon(message.channel)));
    if side(&entry.what) == "note" {
        head.raw("<span class=\"message__flag\">").with(icon(Icon::Lock)).raw("Internal</span></header>")
    } else {
        head.raw("</header>")
    }
}

/// A message with something that unfolds: it is long, quotes, is somebody's HTML, or has files.
#[component]
fn MessageView(
    ticket: TicketId,
    entry: Arc<Entry>,
    message: Message,
    staff: bool,
    marked: bool,
    fresh: bool,
) -> impl IntoView {
    let kind = side(&entry.what);
    let id = entry.id;
    let name = entry.by.name.clone();
    let head = head(ticket, &entry, &message, staff);
    let in_sight = remote_images::count(&message.html);
    let asked =
        use_query_map().with_untracked(|query| query.get(PICTURES)).is_some_and(|asked| asked == id.to_string());
    let pictures = RwSignal::new(asked);
    let folded = RwSignal::new(!message.foreign_html && is_long(&message.html));
    let can_fold = RwSignal::new(folded.get_untracked());
    let body = if message.foreign_html {
        view! {
            <div class="message__body" data-folded=reactive(move || folded.get().then_some(""))>
                <MailFrame
                    html=message.html
                    event=id
                    pictures
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
            <div class="message__body prose" data-folded=reactive(move || folded.get().then_some("")) inner_html=message.html></div>
        }
        .into_any()
    };
    let quoted = message.quoted_html.map(|html| {
        let opened = RwSignal::new(false);
        view! {
            <details
                class="quote"
                on:toggle=handler(move |event: leptos::ev::Event| {
                    opened.set(event_target::<web_sys::Element>(&event).has_attribute("open"));
                })
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
                            {dynamic(move || {
                                opened
                                    .get()
                                    .shown(|| {
                                        view! { <MailFrame html=html.get_value() event=id first=in_sight pictures title="Quoted text" /> }
                                    })
                            })}
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
            {head.element()}
            {body}
            {dynamic(move || {
                can_fold
                    .get()
                    .shown(|| {
                        view! {
                            <button
                                class="button button--sm button--ghost"
                                type="button"
                                aria-expanded=reactive(move || (!folded.get()).to_string())
                                on:click=handler(move |_| folded.update(|f| *f = !*f))
                            >
                                {dynamic(move || if folded.get() { "Show all" } else { "Show less" })}
                            </button>
                        }
                    })
            })}
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
fn event_line(entry: &Entry, staff: bool, workflow: StoredValue<Workflow>, marked: bool) -> Markup {
    let words = workflow.with_value(|workflow| words(entry, workflow, staff));
    let line = Markup::new("<li tabindex=\"-1\" class=\"event")
        .raw(if marked { " is-target" } else { "" })
        .raw("\" id=\"e")
        .number(entry.id.0)
        .raw("\">")
        .with(icon(symbol(&entry.what)))
        .raw("<span><b>")
        .text(&entry.by.name)
        .raw("</b>");
    words
        .into_iter()
        .fold(line, |line, word| match word {
            Word::Plain(text) => line.text(text),
            Word::Strong(text) => line.raw("<b>").text(text).raw("</b>"),
        })
        .raw(" · ")
        .with(clock_time(entry.at))
        .raw("</span></li>")
}

/// Several events in a row, folded into one line.
#[component]
pub fn EventRun(
    entries: Vec<Arc<Entry>>,
    staff: bool,
    workflow: StoredValue<Workflow>,
    marked: Option<domain::EventId>,
) -> impl IntoView {
    let count = entries.len();
    let ends = entries.first().zip(entries.last()).map(|(first, last)| (first.at, last.at));
    let span = move || {
        ends.map(|(first, last)| {
            let (first, last) = (clock(me::wall(first)), clock(me::wall(last)));
            if first == last { first } else { format!("{first}–{last}") }
        })
    };
    let is_marked = |entry: &Entry| marked == Some(entry.id);
    let lines = entries
        .iter()
        .fold(Markup::new("<ol>"), |lines, entry| lines.with(event_line(entry, staff, workflow, is_marked(entry))));
    view! {
        <li class="event-run">
            <details open=entries.iter().any(|entry| is_marked(entry))>
                <summary>
                    <Ico icon=Icon::Zap />
                    {format!("{count} events · ")}
                    {span}
                </summary>
                {lines.raw("</ol>").element()}
            </details>
        </li>
    }
    .into_any()
}

fn symbol(what: &Happening) -> Icon {
    match what {
        Happening::Created { .. } => Icon::CirclePlus,
        Happening::Assignee(_) => Icon::User,
        Happening::Joined { .. } => Icon::UserPlus,
        Happening::Team(_) => Icon::Users,
        Happening::Requester(_) => Icon::Merge,
        Happening::Company(_) => Icon::Building,
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
        Happening::Team(Was { from, to }) => match (from, to) {
            (_, Some(to)) => vec![plain(" gave the ticket to "), strong(&to.name)],
            (Some(from), None) => vec![plain(" took the ticket from "), strong(&from.name)],
            (None, None) => vec![plain(" left the ticket without a team")],
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
        Happening::Requester(Was { from, to }) => {
            vec![plain(" gave the ticket of "), strong(&from.name), plain(" to "), strong(&to.name)]
        }
        Happening::Company(Was { to: Some(to), .. }) => vec![plain(" moved the ticket to "), strong(&to.name)],
        Happening::Company(Was { from: Some(from), .. }) => vec![plain(" took the ticket out of "), strong(&from.name)],
        Happening::AttachmentDeleted { name, size, .. } => {
            vec![plain(" deleted the file "), strong(name), plain(&format!(" ({})", text::bytes(*size)))]
        }
        Happening::Rated { score, comment, .. } => {
            let said = if comment.is_empty() { String::new() } else { format!(": “{comment}”") };
            vec![plain(" rated the solution "), strong(&format!("{score} of 5")), plain(&said)]
        }
        Happening::Emptied => vec![plain(" erased what was said here: it is not kept any longer")],
        _ => vec![plain(" changed the ticket")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{EventId, StatusId, Time, UserId, people::Person, timeline::Author};

    fn said(what: Happening) -> String {
        let mia = Person { id: UserId(1), name: "Mia".into(), picture: None };
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
        let person = |id, name: &str| Some(Person { id: UserId(id), name: name.into(), picture: None });
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
