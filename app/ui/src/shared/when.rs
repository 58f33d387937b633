use super::Markup;
use crate::erased::dynamic;
use crate::me;
use domain::Time;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// A moment, short: how long ago. The full date is in the `datetime` and in the title; without a script the server's
/// rendering stays, which is right for the moment the page was made.
#[component]
pub fn When(
    at: Time,
    #[prop(optional)] class: &'static str,
    /// As a part of a sentence.
    #[prop(optional)]
    in_words: bool,
) -> impl IntoView {
    let now = me::now();
    view! {
        <time class=class datetime=at.rfc3339() title=me::readable(at)>
            {dynamic(move || me::ago(at, now.get(), in_words))}
        </time>
    }
}

/// A moment that is still to come, as a part of a sentence: `in 5 minutes`.
#[component]
pub fn Ahead(at: Time) -> impl IntoView {
    let now = me::now();
    view! {
        <time datetime=at.rfc3339() title=me::readable(at)>
            {dynamic(move || me::ahead(at, now.get()))}
        </time>
    }
}

/// The same as [`When`] inside of other markup, as of now: it does not move on.
pub fn when(at: Time, class: &'static str) -> Markup {
    Markup::new("<time class=\"")
        .raw(class)
        .raw("\" datetime=\"")
        .text(at.rfc3339())
        .raw("\" title=\"")
        .text(me::readable(at))
        .raw("\">")
        .text(me::ago(at, me::now().get_untracked(), false))
        .raw("</time>")
}

/// A moment as hours and minutes, for where the day stands above it. [`set_clocks`] brings it to the browser's zone, where this
/// person has chosen none.
pub fn clock_time(at: Time) -> Markup {
    Markup::new("<time data-clock=\"")
        .number(at.0)
        .raw("\" datetime=\"")
        .text(at.rfc3339())
        .raw("\" title=\"")
        .text(me::readable(at))
        .raw("\">")
        .text(untrack(|| clock(me::wall(at))))
        .raw("</time>")
}

/// Once the page has been taken over: what the server rendered in UTC is shown as the clock on the wall does.
pub fn set_clocks() {
    let Ok(all) = document().query_selector_all("time[data-clock]") else { return };
    for n in 0..all.length() {
        let Some(time) = all.get(n).and_then(|n| n.dyn_into::<web_sys::Element>().ok()) else { continue };
        if let Some(at) = time.get_attribute("data-clock").and_then(|at| at.parse().ok()) {
            time.set_text_content(Some(&clock(me::wall(Time(at)))));
        }
    }
}

/// `08:12`, as it is written in this person's language.
pub fn clock(at: Time) -> String {
    me::language().clock(at)
}
