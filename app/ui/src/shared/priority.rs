use crate::icons::{Ico, Icon};
use domain::{
    priority::Level,
    workflow::{Category, Status},
};
use leptos::prelude::*;

/// The pair as one small mark: height is urgency, fill is importance.
#[component]
pub fn PriorityMark(urgency: Level, importance: Level) -> impl IntoView {
    view! {
        <span
            class="prio"
            data-urgency=urgency.word()
            data-importance=importance.word()
            role="img"
            aria-label=format!("Urgency {}, importance {}", urgency.word(), importance.word())
        ></span>
    }
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
    view! {
        <span class="status" data-status=state_word(status.category)>
            <Ico icon=state_icon(status.category) />
            {status.name}
        </span>
    }
}
