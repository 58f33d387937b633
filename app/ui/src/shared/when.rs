use crate::me;
use domain::Time;
use leptos::prelude::*;

/// A moment, short: how long ago. The full date is in the `datetime` and in the title; without a script the server's
/// rendering stays, which is right for the moment the page was made.
#[component]
pub fn When(at: Time, #[prop(optional)] class: &'static str) -> impl IntoView {
    let now = me::now();
    view! {
        <time class=class datetime=at.rfc3339() title=at.readable()>
            {move || at.ago(now.get())}
        </time>
    }
}

/// A moment as hours and minutes, for where the day stands above it.
#[component]
pub fn ClockTime(at: Time) -> impl IntoView {
    view! {
        <time datetime=at.rfc3339() title=at.readable()>
            {move || clock(me::wall(at))}
        </time>
    }
}

/// `08:12`.
pub fn clock(at: Time) -> String {
    let (_, _, _, hour, minute, _) = at.civil();
    format!("{hour:02}:{minute:02}")
}
