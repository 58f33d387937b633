use super::Markup;
use crate::icons::{Icon, icon};
use domain::{
    priority::Level,
    workflow::{Category, Status},
};
use leptos::prelude::*;

/// The pair as one small mark: height is urgency, fill is importance.
#[component]
pub fn PriorityMark(urgency: Level, importance: Level) -> impl IntoView {
    priority_mark(urgency, importance).element()
}

/// The same inside of other markup.
pub fn priority_mark(urgency: Level, importance: Level) -> Markup {
    Markup::new("<span class=\"prio\" role=\"img\" data-urgency=\"")
        .raw(urgency.word())
        .raw("\" data-importance=\"")
        .raw(importance.word())
        .raw("\" aria-label=\"Urgency ")
        .raw(urgency.word())
        .raw(", importance ")
        .raw(importance.word())
        .raw("\"></span>")
}

/// The word that the style sheet knows a state's colour by.
pub fn state_word(category: Category) -> &'static str {
    match category {
        Category::Waiting => "waiting_customer",
        other => other.word(),
    }
}

pub fn state_icon(category: Category) -> Icon {
    match category {
        Category::Open => Icon::StatusOpen,
        Category::InProgress => Icon::StatusProgress,
        Category::Waiting => Icon::StatusWaiting,
        Category::Resolved => Icon::StatusResolved,
        Category::Closed => Icon::StatusClosed,
    }
}

/// A state with its icon and its name for staff.
#[component]
pub fn StatusMark(status: Status) -> impl IntoView {
    status_mark(&status).element()
}

/// The same inside of other markup.
pub fn status_mark(status: &Status) -> Markup {
    Markup::new("<span class=\"status\" data-status=\"")
        .raw(state_word(status.category))
        .raw("\">")
        .with(icon(state_icon(status.category)))
        .text(&status.name)
        .raw("</span>")
}
