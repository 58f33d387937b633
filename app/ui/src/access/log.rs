//! The security log: who signed in, who changed what, and from where.

use super::rpc;
use crate::erased::{Rows, memo};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    settings::{SettingsPage, loading},
    shared::{EmptyState, fetched, options},
};
use domain::{
    page::Page,
    security_log::{Group, LogFilter, LogLine},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// `/settings/log`.
#[component]
pub fn LogPage() -> impl IntoView {
    let query = use_query_map();
    let filter = memo(move || {
        query.with(|q| {
            let of = |name: &str| q.get(name).unwrap_or_default();
            LogFilter {
                person: of("person"),
                group: Group::from_word(&of("about")),
                from: of("from"),
                until: of("until"),
                after: q.get("after"),
                limit: None,
            }
        })
    });
    let lines = resource(move || filter.get(), rpc::read_log);
    view! {
        <SettingsPage
            title="Security log"
            lead="Every sign-in, every change of rights and settings, every export: who, when, from where. Nothing in it can be changed or removed."
        >
            <Choose filter=filter.get_untracked() />
            {fetched(
                loading,
                lines,
                move |page| view! { <Lines page filter=filter.get_untracked() /> }.into_any(),
            )}
        </SettingsPage>
    }
    .into_any()
}

/// The address of the same choice, without its page.
fn address(path: &str, filter: &LogFilter) -> String {
    let parts = [
        ("person", filter.person.as_str()),
        ("about", filter.group.map_or("", Group::word)),
        ("from", &filter.from),
        ("until", &filter.until),
    ];
    let parts = parts.into_iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<_> = parts.map(|(name, value)| format!("{name}={}", domain::attachment::url_name(value))).collect();
    format!("{path}?{}", query.join("&"))
}

#[component]
fn Choose(filter: LogFilter) -> impl IntoView {
    let export = address("/settings/log.csv", &filter);
    let group = filter.group;
    view! {
        <form class="actions filter-bar" role="search" action="/settings/log">
            <div class="field grow">
                <label class="field__label" for="person">
                    "Person"
                </label>
                <input class="input" id="person" name="person" value=filter.person maxlength="254" placeholder="E-mail address" />
            </div>
            <div class="field">
                <label class="field__label" for="about">
                    "About"
                </label>
                <select class="select" id="about" name="about">
                    <option value="">"Everything but views"</option>
                    {options(Group::ALL.map(|g| (g.word(), g.name())), group.map_or("", Group::word))}
                </select>
            </div>
            <div class="field">
                <label class="field__label" for="from">
                    "From"
                </label>
                <input class="input" id="from" name="from" type="date" value=filter.from />
            </div>
            <div class="field">
                <label class="field__label" for="until">
                    "Until"
                </label>
                <input class="input" id="until" name="until" type="date" value=filter.until />
            </div>
            <button class="button" type="submit">
                "Show"
            </button>
            <a class="button" href=export download="" rel="external">
                <Ico icon=Icon::Download />
                "Export as CSV"
            </a>
        </form>
    }
    .into_any()
}

#[component]
fn Lines(page: Page<LogLine>, filter: LogFilter) -> impl IntoView {
    if page.rows.is_empty() {
        return view! { <EmptyState icon=Icon::Lock title="Nothing here" text="Nothing in the log is like this." /> }
            .into_any();
    }
    let next = page
        .next
        .map(|after| format!("{}&after={}", address("/settings/log", &filter), domain::attachment::url_name(&after)));
    let rows = page.rows.into_iter().map(|line| {
        let name = match line.by {
            Some(id) => view! { <a class="link" href=format!("/settings/log?person={id}")>{line.name}</a> }.into_any(),
            None => line.name.into_any(),
        };
        view! {
            <tr>
                <td data-label="When" class="nowrap tnum">
                    <time datetime=line.at.rfc3339()>{crate::me::readable(line.at)}</time>
                </td>
                <td data-label="Who">{name}</td>
                <td data-label="What">{line.what}</td>
                <td data-label="From where" class="tnum">{line.address.unwrap_or_else(|| "–".into())}</td>
            </tr>
        }
    });
    view! {
        <div class="table-wrap">
            <table class="table table--stack">
                <caption class="sr-only">"Security log, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"What"</th>
                        <th scope="col">"From where"</th>
                    </tr>
                </thead>
                <tbody>{rows.rows()}</tbody>
            </table>
        </div>
        {next
            .map(|next| {
                view! {
                    <div class="actions">
                        <a class="button" href=next>
                            "Older"
                        </a>
                    </div>
                }
            })}
    }
    .into_any()
}
