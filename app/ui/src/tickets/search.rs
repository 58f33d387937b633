//! Search over subjects and messages.

use super::rpc;
use crate::customers::pieces::{ListTabs, Pages};
use crate::erased::{Rows, Sometimes, effect, memo, reactive};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{EmptyState, ErrorNotice, Markup, Title, awaited, priority_mark, status_mark, when},
    type_ahead::{self, Awaited},
};
use domain::{
    policy::Action,
    search::{DEEPEST, Found, Hit, Piece},
};
use leptos::{html, prelude::*};
use leptos_router::hooks::use_query_map;

/// `/search?q=…`. A plain form, so that the address says what was searched for and it works without a script.
#[component]
pub fn SearchPage() -> impl IntoView {
    let query = use_query_map();
    let words = memo(move || query.get().get("q").unwrap_or_default());
    let from = memo(move || query.get().get("from").and_then(|from| from.parse::<u16>().ok()).unwrap_or_default());
    let found = resource(
        move || (words.get(), from.get()),
        |(words, from)| async move {
            if words.trim().is_empty() { Ok(None) } else { rpc::search(words, from).await.map(Some) }
        },
    );
    let input = NodeRef::<html::Input>::new();
    effect(move || {
        if let Some(input) = input.get() {
            // Whoever has gone on to what was found, before the script came, stays there.
            let found = document().active_element().and_then(|e| e.closest(".ticket-rows").ok().flatten());
            if found.is_none() {
                let _ = input.focus();
            }
            type_ahead::arrived(Awaited::Search);
        }
    });
    view! {
        <Title text="Search" />
        <div class="page">
            <div class="page__body">
                <header class="page__head">
                    <div>
                        <h1 class="page__title">"Search"</h1>
                        <p class="page__lead">
                            "Subjects and messages. Quotes keep words together, a minus leaves a word out; a number finds that ticket."
                        </p>
                    </div>
                </header>
                {me::may(Action::SeePeople).shown(|| view! { <ListTabs current="/search" /> })}
                <form class="query" role="search" action="/search">
                    <Ico icon=Icon::Search />
                    <div class="query__field">
                        <input
                            class="query__input"
                            type="search"
                            name="q"
                            aria-label="Search tickets"
                            placeholder="Words, or a ticket's number"
                            maxlength=domain::search::TEXT_MAX
                            node_ref=input
                            value=words.get_untracked()
                            prop:value=reactive(move || words.get())
                        />
                    </div>
                </form>
                {awaited(Skeleton, move || async move {
                        match found.await {
                            Ok(Some(found)) => view! { <Results found words=words.get_untracked() from=from.get_untracked().into() /> }.into_any(),
                            Ok(None) => {
                                view! {
                                    <EmptyState
                                        icon=Icon::Search
                                        title="What are you looking for?"
                                        text="Type some words and press Enter."
                                    />
                                }
                                    .into_any()
                            }
                            Err(error) => {
                                view! {
                                    <ErrorNotice
                                        error=error.0
                                        retry=Callback::new(move |()| found.refetch())
                                    />
                                }
                                    .into_any()
                            }
                        }
                    })}
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <ol class="ticket-rows" aria-busy="true" aria-label="Searching">
            {(0..5)
                .map(|_| {
                    view! {
                        <li class="skeleton-row">
                            <i class="skeleton" data-w="70%"></i>
                            <i class="skeleton" data-w="45%"></i>
                            <i class="skeleton" data-w="85%"></i>
                        </li>
                    }
                })
                .map(IntoAny::into_any).rows()}
        </ol>
    }
    .into_any()
}

#[component]
fn Results(found: Found, words: String, from: usize) -> impl IntoView {
    let page = |from: usize| match from {
        0 => format!("/search?q={}", domain::attachment::url_name(&words)),
        _ => format!("/search?q={}&from={from}", domain::attachment::url_name(&words)),
    };
    let first = (from > 0).then(|| page(0));
    if found.hits.is_empty() && from == 0 {
        return view! {
            <EmptyState
                icon=Icon::Search
                title="Nothing found"
                text="No subject and no message has these words. Try fewer or other ones."
            />
        }
        .into_any();
    }
    let count = found.hits.len();
    let shown = from + count;
    let next = Some(shown).filter(|shown| found.more && *shown < DEEPEST).map(page);
    let heading = match (found.more, from, count) {
        (true, ..) if shown >= DEEPEST => {
            format!("These are the best {shown} tickets; more were found. Add a word to narrow it down.")
        }
        (true, 0, _) => format!("The best {count} tickets; more were found."),
        (false, 0, 1) => "1 ticket".to_owned(),
        (false, 0, _) => format!("{count} tickets"),
        (_, _, 0) => "No more tickets".to_owned(),
        _ => format!("Tickets {} to {shown}, the best first", from + 1),
    };
    view! {
        <p class="muted" role="status">
            {heading}
        </p>
        <ol class="ticket-rows">{found.hits.into_iter().map(|hit| view! { <Row hit=hit /> }).map(IntoAny::into_any).rows()}</ol>
        <Pages first next what="tickets" />
    }
    .into_any()
}

/// A found text: the words searched for are marked.
fn marked(pieces: &[Piece]) -> Markup {
    pieces.iter().fold(Markup::default(), |all, piece| {
        if piece.marked { all.raw("<mark>").text(&piece.text).raw("</mark>") } else { all.text(&piece.text) }
    })
}

/// One found ticket. Nothing in it changes until something else is searched for.
#[component]
fn Row(hit: Hit) -> impl IntoView {
    let ticket = hit.ticket;
    let row = Markup::new("<li class=\"ticket-row\"><span class=\"ticket-row__mark\">")
        .with(priority_mark(ticket.urgency, ticket.importance))
        .raw("</span><div class=\"ticket-row__body\"><div class=\"ticket-row__line\">")
        .raw("<a class=\"ticket-row__subject\" href=\"/tickets/")
        .number(ticket.id.0);
    let row = match hit.entry {
        Some(entry) => row.raw("?entry=").number(entry.0),
        None => row,
    };
    let row = row
        .raw("\">")
        .with(marked(&hit.subject))
        .raw("</a>")
        .with(when(ticket.updated_at, "ticket-row__time"))
        .raw("</div><div class=\"ticket-row__line\"><span class=\"ticket-row__meta\"><span>#")
        .number(ticket.id.0)
        .raw("</span><span>")
        .text(&ticket.requester.name);
    let row = match &ticket.company {
        Some(company) => row.raw(", ").text(&company.name),
        None => row,
    };
    let row = row.raw("</span></span><span class=\"ticket-row__end\">");
    let row = match me::workflow().status(ticket.status) {
        Some(status) => row.with(status_mark(status)),
        None => row,
    };
    row.raw("</span></div><p class=\"ticket-row__excerpt\">")
        .with(marked(&hit.snippet))
        .raw("</p></div></li>")
        .element()
}
