//! The table that derives a ticket's priority from its urgency and importance.

use super::{frame::page_of, rpc};
use crate::erased::Rows;
use crate::shared::{options, submit};
use domain::priority::{Level, Priority, PriorityTable};
use leptos::prelude::*;

/// `/settings/priority`.
#[component]
pub fn PrioritySettings() -> impl IntoView {
    page_of(
        "Priority",
        "Urgency says how soon it hurts, importance how much it matters. Each pair of them gives a ticket its priority. A change applies to tickets that are there, too.",
        rpc::priorities,
        |table| view! { <Table table=table /> }.into_any(),
    )
}

#[component]
fn Table(table: PriorityTable) -> impl IntoView {
    // What was shown goes along: a table that somebody else has changed meanwhile is not written over.
    let shown: String = table.0.iter().flatten().map(|priority| priority.number().to_string()).collect();
    view! {
        <form method="post" action="/settings/priority" class="stack">
            <input type="hidden" name="was" value=shown />
            <div class="table-wrap">
                <table class="table table--stack table--even">
                    <caption class="sr-only">"Priority of each pair of urgency and importance"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Urgency"</th>
                            {Level::ALL
                                .map(|level| view! { <th scope="col">{format!("Importance: {}", level.name())}</th> })
                                .rows()}
                        </tr>
                    </thead>
                    <tbody>
                        {Level::ALL
                            .into_iter()
                            .rev()
                            .map(|urgency| {
                                view! {
                                    <tr>
                                        <th scope="row">{urgency.name()}</th>
                                        {Level::ALL
                                            .map(|importance| {
                                                view! {
                                                    <td data-label=format!("Importance: {}", importance.name())>
                                                        <Choice urgency importance now=table.of(urgency, importance) />
                                                    </td>
                                                }
                                            })
                                            .rows()}
                                    </tr>
                                }
                            })
                            .rows()}
                    </tbody>
                </table>
            </div>
            {submit("Save")}
        </form>
    }
    .into_any()
}

#[component]
fn Choice(urgency: Level, importance: Level, now: Priority) -> impl IntoView {
    let label = format!("Urgency {}, importance {}", urgency.name().to_lowercase(), importance.name().to_lowercase());
    view! {
        <select class="select" name=format!("{}-{}", urgency.word(), importance.word()) aria-label=label>
            {options(Priority::ALL.map(|priority| (priority.word(), priority.name())), now.word())}
        </select>
    }
    .into_any()
}
