//! What was written meanwhile: shown once before a reply is sent against it.

use super::Desk;
use crate::erased::{Rows, dynamic, handler};
use crate::{
    icons::{Ico, Icon},
    tickets::{head::first_name, state::TicketState},
};
use domain::{text, timeline::Entry};
use leptos::prelude::*;
use std::sync::Arc;

/// What others have written since this person last looked.
fn missed(state: TicketState) -> Vec<Arc<Entry>> {
    let seen = state.seen.get();
    let me = crate::me::me().map(|m| m.id);
    state.conversation.entries.with(|entries| {
        entries
            .iter()
            .filter(|e| e.message.is_some() && Some(e.id) > seen && e.by.person.as_ref().map(|p| p.id) != me)
            .cloned()
            .collect()
    })
}

#[component]
pub fn Hold(desk: Desk) -> impl IntoView {
    dynamic(move || {
        let status = desk.held.get()?;
        let missed = missed(desk.state);
        let who = missed.last().map_or_else(|| "Somebody".to_owned(), |e| first_name(&e.by.name));
        let first = missed.first().map(|e| e.id);
        // The form grows over the end of the conversation, where what it is about stands.
        if let Some(last) = missed.last() {
            desk.state.conversation.reveal(last.id);
        }
        let lines = missed
            .iter()
            .filter_map(|e| Some((first_name(&e.by.name), e.message.as_ref()?)))
            .map(|(name, message)| format!("{name}: “{}”", text::excerpt(&plain(&message.html), 180)))
            .map(|line| view! { <p class="composer__hold-line">{line}</p> })
            .map(IntoAny::into_any)
            .rows();
        Some(view! {
            <div class="composer__hold" role="alert">
                <Ico icon=Icon::Warning />
                <p class="composer__hold-title">{format!("{who} wrote while you were writing")}</p>
                {lines}
                <div class="actions">
                    <button
                        class="button button--sm button--primary"
                        type="button"
                        on:click=handler(move |_| {
                            // The button goes away with what it stands in.
                            desk.focus();
                            desk.send(status, true);
                        })
                    >
                        "Send all the same"
                    </button>
                    <button
                        class="button button--sm"
                        type="button"
                        on:click=handler(move |_| {
                            desk.focus();
                            desk.held.set(None);
                            desk.state.seen.set(desk.state.conversation.newest.get_untracked());
                            if let Some(first) = first {
                                desk.state.conversation.to_entry(first);
                            }
                        })
                    >
                        "Read first"
                    </button>
                </div>
            </div>
        })
    })
}

/// The text of HTML that the server has made, for an excerpt.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
