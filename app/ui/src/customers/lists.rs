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
    UserId,
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
    Ratings(Vec<Rated>),
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
                "ratings" => ratings::of_customer(id).await.map(List::Ratings),
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
                        List::Messages(page) => messages(page, &path, later),
                        List::Ratings(rated) => rated_list(&rated),
                    }
                },
            )}
        </section>
    }
    .into_any()
}

/// `later`: this is not the first page.
fn messages(page: Page<Written>, path: &str, later: bool) -> AnyView {
    let first = later.then(|| address(path, "messages"));
    let next = page.next.map(|next| format!("{path}?list=messages&from={}#lists", url_name(&next)));
    let rows = match page.rows.is_empty() {
        true => empty(later || next.is_some()),
        false => page
            .rows
            .iter()
            .fold(Markup::new("<ol class=\"ticket-rows\" aria-label=\"Messages, newest first\">"), row)
            .raw("</ol>")
            .element()
            .into_any(),
    };
    view! {
        {rows}
        <Pages first next what="messages" />
    }
    .into_any()
}

/// `part`: this page only.
fn empty(part: bool) -> AnyView {
    let (title, text) = match part {
        true => ("Nothing here", "What was written here is on tickets that you do not see."),
        false => ("No messages", "Nothing was written so far on tickets that you see."),
    };
    view! { <EmptyState icon=Icon::Mail title text /> }.into_any()
}

fn row(rows: Markup, written: &Written) -> Markup {
    let row = rows
        .raw("<li class=\"ticket-row\"><span class=\"ticket-row__mark\"></span><div class=\"ticket-row__body\"><div class=\"ticket-row__line\">")
        .raw("<a data-row class=\"ticket-row__subject\" href=\"/tickets/")
        .number(written.ticket.0)
        .raw("?entry=")
        .number(written.entry.0)
        .raw("\">")
        .text(&written.subject)
        .raw("</a>")
        .with(when(written.at, "ticket-row__time"))
        .raw("</div><div class=\"ticket-row__line\"><span class=\"ticket-row__meta\"><span>#")
        .number(written.ticket.0)
        .raw("</span><span>")
        .text(written.channel.name());
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

/// The newest ratings, each with the way to where it stands in its ticket.
fn rated_list(rated: &[Rated]) -> AnyView {
    if rated.is_empty() {
        return view! {
            <EmptyState icon=Icon::Check title="No ratings" text="Nothing that you see was rated so far." />
        }
        .into_any();
    }
    let row = |rows: Markup, rated: &Rated| {
        let row = rows
            .raw("<li class=\"ticket-row\"><span class=\"ticket-row__mark\"></span><div class=\"ticket-row__body\">")
            .raw("<div class=\"ticket-row__line\"><a data-row class=\"ticket-row__subject\" href=\"/tickets/")
            .number(rated.ticket.0)
            .raw("?entry=")
            .number(rated.entry.0)
            .raw("\">")
            .text(&rated.subject)
            .raw("</a>")
            .with(when(rated.given.at, "ticket-row__time"))
            .raw("</div><div class=\"ticket-row__line\"><span class=\"ticket-row__meta\"><span>#")
            .number(rated.ticket.0)
            .raw("</span><span><b>")
            .number(rated.given.score.into())
            .raw(" of 5</b></span></span></div>");
        let row = match rated.given.comment.is_empty() {
            true => row,
            false => row.raw("<p class=\"ticket-row__excerpt\">").text(&rated.given.comment).raw("</p>"),
        };
        row.raw("</div></li>")
    };
    rated
        .iter()
        .fold(Markup::new("<ol class=\"ticket-rows\" aria-label=\"Ratings, newest first\">"), row)
        .raw("</ol>")
        .element()
        .into_any()
}
