//! How many tickets a column of the board should hold.

use super::{frame::page_of, rpc};
use crate::{
    flash::flash,
    shared::{Column, StatusMark, field_error, submit, table},
};
use domain::workflow::Status;
use leptos::prelude::*;

/// `/settings/board`.
#[component]
pub fn BoardSettings() -> impl IntoView {
    page_of(
        "Board",
        "A limit on the work in progress shows where it piles up. A column over its limit is marked; it can also refuse further tickets.",
        rpc::columns,
        |columns| view! { <Limits columns=columns /> }.into_any(),
    )
}

#[component]
fn Limits(columns: Vec<Status>) -> impl IntoView {
    view! {
        <form method="post" action="/settings/board" class="stack" novalidate>
            {table(
                "Limits of the board's columns",
                &["Column", "At most", "When it is full"].map(Column::Text),
                columns.into_iter().map(|status| view! { <Limit status=status /> }),
            )}
            {submit("Save")}
        </form>
    }
    .into_any()
}

#[component]
fn Limit(status: Status) -> impl IntoView {
    let flash = flash();
    let (limit, refuse) = (format!("limit-{}", status.id), format!("refuse-{}", status.id));
    let problem = flash.problem(&limit);
    let (value, full) = if flash.error.is_some() {
        (flash.value(&limit), flash.value(&refuse) == "on")
    } else {
        (status.wip_limit.map(|limit| limit.to_string()).unwrap_or_default(), status.wip_refuse)
    };
    let name = status.name.clone();
    view! {
        <tr>
            <th scope="row" class="settings__name">
                <StatusMark status=status />
            </th>
            <td data-label="At most">
                <input
                    class="input settings__number"
                    name=limit.clone()
                    inputmode="numeric"
                    maxlength="4"
                    size="6"
                    placeholder="No limit"
                    value=value
                    aria-label=format!("Most tickets in {name}")
                    aria-invalid=problem.is_some().then_some("true")
                    aria-describedby=problem.is_some().then(|| format!("{limit}-error"))
                />
                {field_error(&limit, problem)}
            </td>
            <td data-label="When it is full">
                <label class="check">
                    <input type="checkbox" name=refuse checked=full />
                    <span>"Refuse more" <span class="sr-only">{format!(" in {name}")}</span></span>
                </label>
            </td>
        </tr>
    }
    .into_any()
}
