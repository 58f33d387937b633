//! On a ticket that is solved its requester is asked how.

use crate::fetched::resource;
use crate::{
    flash::{Done, Flash, PERSON},
    me,
    ratings::{fields, rpc},
    shared::awaited,
};
use domain::{StatusId, TicketId, rating::Question};
use leptos::prelude::*;

/// Asked again whenever the state changes: whoever has the ticket open when it is solved is asked then.
#[component]
pub(super) fn Rating(id: TicketId, status: RwSignal<StatusId>, flash: Flash) -> impl IntoView {
    let asked = resource(move || status.get(), move |_| rpc::asked(id));
    awaited(
        || (),
        move || {
            let flash = flash.clone();
            async move {
                match asked.await {
                    Ok(Some(question)) => view! { <Ask id question flash /> }.into_any(),
                    // Nobody came here for it: where it cannot be asked, it is not.
                    _ => ().into_any(),
                }
            }
        },
    )
}

#[component]
fn Ask(id: TicketId, question: Question, flash: Flash) -> impl IntoView {
    let person = me::me().map(|me| me.id.0);
    let until = me::day(question.until);
    let (title, label) = match question.given.is_some() {
        true => ("Your rating", "Change it"),
        false => ("How did we do?", "Send rating"),
    };
    let hint = format!("Your ticket is solved. You can say how, and change it, until {until}.");
    view! {
        <section class="portal__answer" aria-labelledby="rating-title" id="rating">
            <h2 class="section__title" id="rating-title">
                {title}
            </h2>
            <Done words=&[("rated", "Thank you. We have got your rating.")] />
            <p class="muted">{hint}</p>
            <form method="post" action=format!("/portal/tickets/{id}/rating") class="stack" novalidate>
                <input type="hidden" name=PERSON value=person autocomplete="off" />
                {fields(&flash, question.given.as_ref(), None)}
                <div class="actions">
                    <button class="button" type="submit">
                        {label}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
