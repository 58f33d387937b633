//! What there is of a customer, in lists of which one is shown: their tickets, all that they have written, and how satisfied they
//! were.

use super::{
    pieces::{Pages, ticket_table, walk_rows},
    rpc,
};
use crate::erased::{Rows, memo, reactive};
use crate::fetched::resource;
use crate::{
    icons::Icon,
    ratings::rpc as ratings,
    shared::{EmptyState, Markup, fetched, when},
    tickets::rpc as tickets,
};
use domain::{
    EventId, TicketId, Time, UserId,
    attachment::url_name,
    customer::Written,
    page::Page,
    rating::Rated,
    ticket::{Filter, Ticket},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// The lists, as the address says which one: its word, and its name.
const LISTS: [(&str, &str); 3] = [("tickets", "Tickets"), ("messages", "Messages"), ("ratings", "Ratings")];

/// Where a list begins.
fn address(path: &str, list: &str) -> String {
    if list == LISTS[0].0 { format!("{path}#lists") } else { format!("{path}?list={list}#lists") }
}

/// A page of the list that is shown.
#[derive(Clone, Serialize, Deserialize)]
enum List {
    Tickets(Page<Ticket>),
    Messages(Page<Written>),
    Ratings(Page<Rated>),
}

/// The lists of a customer, one at a time. `?tickets=` and `?from=` say where the page before ended. They are read again whenever
/// `again` counts up.
#[component]
pub fn Lists(id: UserId, path: String, again: RwSignal<u32>) -> impl IntoView {
    walk_rows();
    let query = use_query_map();
    let asked = move |name: &str| query.with(|q| q.get(name)).filter(|value| !value.is_empty());
    let chosen = memo(move || LISTS.iter().position(|(list, _)| Some(*list) == asked("list").as_deref()).unwrap_or(0));
    let after = memo(move || asked(if chosen.get() == 0 { "tickets" } else { "from" }));
    let found = resource(
        move || (chosen.get(), after.get(), again.get()),
        move |(chosen, after, _)| async move {
            match LISTS[chosen].0 {
                "messages" => rpc::customer_messages(id, after).await.map(List::Messages),
                "ratings" => ratings::of_customer(id, after).await.map(List::Ratings),
                _ => {
                    let filter = Filter { requester: Some(id), after, limit: Some(20), ..Filter::default() };
                    tickets::list(filter).await.map(List::Tickets)
                }
            }
        },
    );
    let tabs = LISTS.iter().enumerate().map(|(n, (word, name))| {
        let current = reactive(move || (chosen.get() == n).then_some("page"));
        view! {
            <a class="tab" href=address(&path, word) aria-current=current>
                {*name}
            </a>
        }
    });
    let tabs = tabs.rows();
    view! {
        <section class="section" aria-label="Tickets, messages and ratings" id="lists">
            <nav class="tabs" aria-label="Lists of this customer">
                {tabs}
            </nav>
            {fetched(
                || view! { <i class="skeleton skeleton--block" data-tall="160"></i> }.into_any(),
                found,
                move |list| {
                    let later = after.with_untracked(Option::is_some);
                    match list {
                        List::Tickets(page) => ticket_table(page, &path, later),
                        List::Messages(page) => entries(page, &MESSAGES, &path, later),
                        List::Ratings(page) => entries(page, &RATINGS, &path, later),
                    }
                },
            )}
        </section>
    }
    .into_any()
}

/// A list of what leads to its place in a ticket, and the words for it.
struct Entries<T: 'static> {
    /// As the address says it.
    list: &'static str,
    label: &'static str,
    icon: Icon,
    /// There is nothing at all.
    none: [&'static str; 2],
    /// There is nothing on a page.
    unseen: &'static str,
    row: fn(Markup, &T) -> Markup,
}

const MESSAGES: Entries<Written> = Entries {
    list: "messages",
    label: "Messages, newest first",
    icon: Icon::Mail,
    none: ["No messages", "Nothing was written so far on tickets that you see."],
    unseen: "What was written here is on tickets that you do not see.",
    row,
};

const RATINGS: Entries<Rated> = Entries {
    list: "ratings",
    label: "Ratings, newest first",
    icon: Icon::Check,
    none: ["No ratings", "Nothing that you see was rated so far."],
    unseen: "What was rated here is on tickets that you do not see.",
    row: rated_row,
};

/// `later`: this is not the first page.
fn entries<T>(page: Page<T>, what: &Entries<T>, path: &str, later: bool) -> AnyView {
    let Entries { list, label, icon, none, unseen, row } = *what;
    let first = later.then(|| address(path, list));
    let next = page.next.map(|next| format!("{path}?list={list}&from={}#lists", url_name(&next)));
    let rows = match page.rows.is_empty() {
        true => {
            let [title, text] = if later || next.is_some() { ["Nothing here", unseen] } else { none };
            view! { <EmptyState icon title text /> }.into_any()
        }
        false => {
            let list = Markup::new("<ol class=\"ticket-rows\" aria-label=\"").text(label).raw("\">");
            page.rows.iter().fold(list, row).raw("</ol>").element().into_any()
        }
    };
    view! {
        {rows}
        <Pages first next what=list />
    }
    .into_any()
}

/// The beginning of a row that leads to an entry of a ticket, up to what is told of that.
fn to_entry(rows: Markup, ticket: TicketId, entry: EventId, subject: &str, at: Time) -> Markup {
    rows.raw("<li class=\"ticket-row\"><span class=\"ticket-row__mark\"></span><div class=\"ticket-row__body\">")
        .raw("<div class=\"ticket-row__line\"><a data-row class=\"ticket-row__subject\" href=\"/tickets/")
        .number(ticket.0)
        .raw("?entry=")
        .number(entry.0)
        .raw("\">")
        .text(subject)
        .raw("</a>")
        .with(when(at, "ticket-row__time"))
        .raw("</div><div class=\"ticket-row__line\"><span class=\"ticket-row__meta\"><span>#")
        .number(ticket.0)
        .raw("</span><span>")
}

fn row(rows: Markup, written: &Written) -> Markup {
    let row = to_entry(rows, written.ticket, written.entry, &written.subject, written.at).text(written.channel.name());
    let row = match written.files {
        0 => row,
        1 => row.raw(", 1 file"),
        n => row.raw(", ").number(n).raw(" files"),
    };
    let row = row.raw("</span></span></div><p class=\"ticket-row__excerpt\">");
    let row = match written.excerpt.is_empty() {
        true => row.raw("<em>No text</em>"),
        false => row.text(&written.excerpt),
    };
    row.raw("</p></div></li>")
}

fn rated_row(rows: Markup, rated: &Rated) -> Markup {
    let row = to_entry(rows, rated.ticket, rated.entry, &rated.subject, rated.given.at)
        .raw("<b>")
        .number(rated.given.score.into())
        .raw(" of 5</b></span></span></div>");
    let row = match rated.given.comment.is_empty() {
        true => row,
        false => row.raw("<p class=\"ticket-row__excerpt\">").text(&rated.given.comment).raw("</p>"),
    };
    row.raw("</div></li>")
}
