//! Requesters say how their tickets were solved: in the portal, and by the link of a mail. Plain forms, which need no script.

mod page;
pub mod rpc;

pub use page::RatePage;

use crate::erased::Rows;
use crate::{
    flash::Flash,
    shared::{TextArea, field_error},
};
use domain::rating::{Given, SCORES};
use leptos::prelude::*;

/// The fields: one of five, and a comment. `chosen`: what was chosen on the way here.
pub(crate) fn fields(flash: &Flash, given: Option<&Given>, chosen: Option<i16>) -> AnyView {
    let sent = flash.value("score").parse().ok().or(chosen);
    let score: Option<i16> = sent.or_else(|| given.map(|given| given.score));
    let comment = match flash.error.is_some() {
        true => flash.value("comment"),
        false => given.map(|given| given.comment.clone()).unwrap_or_default(),
    };
    let (problem, too_long) = (flash.problem("score"), flash.problem("comment"));
    let described = problem.is_some().then_some("score-error");
    let invalid = too_long.is_some();
    let describes = invalid.then(|| "comment-error".to_owned());
    // The best one first, where reading begins.
    let choices = SCORES.iter().rev().map(|(number, name)| {
        view! {
            <label class="check">
                <input
                    type="radio"
                    name="score"
                    value=number.to_string()
                    checked=score == Some(*number)
                    required
                    autocomplete="off"
                    aria-describedby=described
                />
                <span>{format!("{number} – {name}")}</span>
            </label>
        }
    });
    let choices = choices.rows();
    view! {
        <fieldset class="field">
            <legend class="sr-only">"How did we do?"</legend>
            <div class="stack stack--tight">{choices}</div>
            {field_error("score", problem)}
        </fieldset>
        <div class="field">
            <label class="field__label" for="comment">
                "Anything to add? (optional)"
            </label>
            <TextArea
                text=comment
                name="comment"
                id="comment"
                rows=3
                invalid=Signal::stored(invalid)
                described_by=Signal::stored(describes)
            />
            {field_error("comment", too_long)}
        </div>
    }
    .into_any()
}
