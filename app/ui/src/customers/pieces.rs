//! What the pages of customers and companies have in common.

use crate::erased::{Rows, Sometimes, effect, handler};
use crate::fetched::{Fetched, resource};
use crate::{
    flash::{Flash, flash},
    icons::{Ico, Icon},
    keys::{Command, on_command},
    me,
    shared::{
        Column, EmptyState, ErrorNotice, Markup, Title, awaited, fetched, field_error, status_mark, table_of, when,
    },
    tickets::rpc as tickets,
};
use domain::{
    Error, Result,
    page::Page,
    ticket::{Filter, Ticket},
};
use leptos::{ev, html, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use wasm_bindgen::JsCast;

/// A page with its head, and what became of the form that was sent last.
#[component]
pub fn PeoplePage(
    #[prop(into)] title: String,
    /// The page above: its name and address.
    #[prop(into)]
    up: (String, String),
    #[prop(optional)] narrow: bool,
    #[prop(into, optional)] lead: String,
    #[prop(optional)] actions: Option<AnyView>,
    /// Stands before the title.
    #[prop(optional_no_strip)]
    mark: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let (name, address) = up;
    view! {
        <Title text=title.clone() />
        <div class=if narrow { "page page--narrow" } else { "page" }>
            <div class="page__body">
                <header class="page__head">
                    <div>
                        <nav class="page__crumbs" aria-label="Where this is">
                            <a class="link" href=address>
                                {name}
                            </a>
                        </nav>
                        <h1 class="page__title">{mark} {title}</h1>
                        {(!lead.is_empty()).shown(|| view! { <p class="page__lead">{lead}</p> })}
                    </div>
                    {actions.map(|actions| view! { <div class="actions">{actions}</div> })}
                </header>
                <Sent />
                {children()}
            </div>
        </div>
    }
    .into_any()
}

/// What became of the form that was sent last: an error, or that it was done.
#[component]
pub fn Sent() -> impl IntoView {
    let error = flash().error;
    let said = use_query_map().with_untracked(|query| query.get("done"));
    let said = match said.as_deref() {
        Some("saved") => "Saved.",
        Some("made") => "Made.",
        Some("blocked") => "Blocked: they are signed out everywhere, and mails from them go to the quarantine.",
        Some("unblocked") => "No longer blocked.",
        Some("second-factor") => {
            "Their two-step sign-in is removed: they are signed out everywhere, were told by mail, and sign in with their password."
        }
        Some("company") => "The company was changed.",
        Some("merged") => "Merged: there is one now, and the address of the other one leads here.",
        Some("joined") => "They belong to the company now.",
        Some("erased") => "Erased: nothing is known of this person any more.",
        Some("export") => "The data are being gathered. The file is listed below once it is ready.",
        _ => "",
    };
    match error {
        // What is wrong with a field stands beside it.
        Some(error) => view! { <ErrorNotice error=Error { fields: Vec::new(), ..error } /> }.into_any(),
        None if !said.is_empty() => view! {
            <p class="notice" data-kind="ok" role="status">
                <Ico icon=Icon::Check />
                {said}
            </p>
        }
        .into_any(),
        None => ().into_any(),
    }
}

/// While a page is fetched.
pub fn loading() -> AnyView {
    view! {
        <div class="page" role="status" aria-label="Loading">
            <div class="page__body">
                <i class="skeleton" data-w="40%"></i>
                <i class="skeleton skeleton--block" data-tall="320"></i>
            </div>
        </div>
    }
    .into_any()
}

/// The page in the place of one that could not be shown. What is not there is told so, also to programs.
pub fn failed(error: Error, title: &'static str, retry: Callback<()>) -> AnyView {
    view! {
        <Title text=title />
        <div class="page page--narrow">
            <div class="page__body">
                <h1 class="page__title">{title}</h1>
                <ErrorNotice error retry />
            </div>
        </div>
    }
    .into_any()
}

/// A page about one of them: what `shown` makes of what is fetched, or the page in its place.
pub fn about<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static>(
    title: &'static str,
    found: Fetched<T>,
    shown: impl Fn(T) -> Result<AnyView> + Send + Sync + 'static,
) -> AnyView {
    let shown = Arc::new(shown);
    awaited(loading, move || {
        let shown = shown.clone();
        async move {
            let made = found.await.map_err(|error| error.0).and_then(|found| shown(found));
            made.unwrap_or_else(|error| failed(error, title, Callback::new(move |()| found.refetch())))
        }
    })
}

/// The lists of people, and the search of tickets, side by side: on a phone there is no rail.
#[component]
pub fn ListTabs(current: &'static str) -> impl IntoView {
    let tabs = [("/search", "Tickets"), ("/customers", "Customers"), ("/companies", "Companies")];
    view! {
        <nav class="tabs" aria-label="What is listed">
            {tabs
                .map(|(href, name)| {
                    view! {
                        <a class="tab" href=href aria-current=(href == current).then_some("page")>
                            {name}
                        </a>
                    }
                })
                .rows()}
        </nav>
    }
    .into_any()
}

/// A search that follows what is typed. Without a script it is a plain form.
#[component]
pub fn LiveSearch(path: &'static str, label: &'static str, placeholder: &'static str) -> impl IntoView {
    let query = use_query_map();
    let navigate = StoredValue::new(use_navigate());
    let shown = query.with_untracked(|q| q.get("shown")).filter(|s| !s.is_empty());
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let input = NodeRef::<html::Input>::new();
    // Gone while it waits, it must not lead back.
    on_cleanup(move || {
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    });
    let typed = move |event: ev::Event| {
        let text = event_target_value(&event);
        let go = move || {
            let to = query.with_untracked(|query| {
                let mut query = query.clone();
                for gone in ["after", "done", "q"] {
                    query.remove(gone);
                }
                if !text.trim().is_empty() {
                    query.insert("q", text.clone());
                }
                format!("{path}{}", query.to_query_string())
            });
            let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
            navigate.with_value(|go| go(&to, options));
        };
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        if let Ok(timer) = set_timeout_with_handle(go, std::time::Duration::from_millis(150)) {
            waiting.set_value(Some(timer));
        }
    };
    view! {
        <form class="query" role="search" action=path>
            <Ico icon=Icon::Search />
            {shown.map(|shown| view! { <input type="hidden" name="shown" value=shown /> })}
            <div class="query__field">
                <input
                    class="query__input"
                    type="search"
                    name="q"
                    aria-label=label
                    placeholder=placeholder
                    autocomplete="off"
                    maxlength="200"
                    value=query.with_untracked(|q| q.get("q").unwrap_or_default())
                    node_ref=input
                    on:input=handler(typed)
                />
            </div>
        </form>
    }
    .into_any()
}

/// Lets `j` and `k` walk along the links of a list; `Enter` opens the one that has the focus.
pub fn walk_rows() {
    on_command(move |command| {
        let step = match command {
            Command::Next => 1,
            Command::Previous => -1,
            _ => return,
        };
        let Ok(all) = document().query_selector_all("a[data-row]") else { return };
        let links: Vec<web_sys::HtmlElement> = (0..all.length()).filter_map(|n| all.item(n)?.dyn_into().ok()).collect();
        let focused = document().active_element();
        let here = links.iter().position(|link| focused.as_ref().is_some_and(|f| f.is_same_node(Some(link))));
        let next = here.map_or(0, |n| (n as i64 + step).clamp(0, links.len() as i64 - 1) as usize);
        if let Some(link) = links.get(next) {
            let _ = link.focus();
        }
    });
}

/// The flash of a form that was opened to change something: what is there already, unless something else was typed.
pub fn filled(flash: Flash, values: &[(&str, &str)]) -> Flash {
    if flash.error.is_some() {
        return flash;
    }
    Flash { values: values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(), error: None }
}

/// The tickets of a customer or a company, newest change first, page by page. They are read again whenever `again` counts up.
#[component]
pub fn Tickets(filter: Filter, path: String, again: RwSignal<u32>) -> impl IntoView {
    let query = use_query_map();
    let after = crate::erased::memo(move || query.with(|q| q.get("tickets")).filter(|a| !a.is_empty()));
    let found = resource(
        move || (after.get(), again.get()),
        move |(after, _)| {
            let filter = Filter { after, limit: Some(20), ..filter.clone() };
            async move { tickets::list(filter).await }
        },
    );
    let path = StoredValue::new(path);
    view! {
        <section class="section" aria-labelledby="tickets-title" id="lists">
            <div class="section__head">
                <h2 class="section__title" id="tickets-title">
                    "Tickets"
                </h2>
            </div>
            {fetched(
                || view! { <i class="skeleton skeleton--block" data-tall="160"></i> }.into_any(),
                found,
                move |page| ticket_table(page, &path.get_value(), after.get_untracked().is_some()),
            )}
        </section>
    }
    .into_any()
}

/// Tickets as a table, with the way to the other pages of the list at `path`. `later`: this is not the first one.
pub fn ticket_table(page: Page<Ticket>, path: &str, later: bool) -> AnyView {
    if page.rows.is_empty() {
        return view! { <EmptyState icon=Icon::Inbox title="No tickets" text="None was opened so far." /> }.into_any();
    }
    let workflow = me::workflow();
    let row = |table: Markup, ticket: &Ticket| {
        let table = table
            .raw("<tr><td><a data-row href=\"/tickets/")
            .number(ticket.id.0)
            .raw("\">")
            .text(&ticket.subject)
            .raw("</a></td><td class=\"num\" data-label=\"Number\">#")
            .number(ticket.id.0)
            .raw("</td><td data-label=\"Status\">");
        let table = match workflow.status(ticket.status) {
            Some(status) => table.with(status_mark(status)),
            None => table,
        };
        table
            .raw("</td><td data-label=\"By\">")
            .text(&ticket.requester.name)
            .raw("</td><td data-label=\"Changed\">")
            .with(when(ticket.updated_at, ""))
            .raw("</td></tr>")
    };
    let rows = page.rows.iter().fold(Markup::new("<tbody>"), row).raw("</tbody>");
    let first = path.to_owned();
    let next = page.next.map(|next| format!("{path}?tickets={}#lists", domain::attachment::url_name(&next)));
    view! {
        {table_of(
            "Tickets, last changed first",
            &[
                Column::Text("Subject"),
                Column::Number("Number"),
                Column::Text("Status"),
                Column::Text("By"),
                Column::Text("Changed"),
            ],
            rows,
        )}
        <Pages first=later.then_some(first) next=next what="tickets" />
    }
    .into_any()
}

/// Links to the first and the next page of a list.
#[component]
pub fn Pages(first: Option<String>, next: Option<String>, what: &'static str) -> impl IntoView {
    (first.is_some() || next.is_some())
        .shown(|| {
            view! {
                <nav class="actions" aria-label=format!("Pages of the {what}")>
                    {first.map(|to| view! { <a class="button" href=to>"First page"</a> })}
                    {next.map(|to| view! { <a class="button" href=to>"Next page"</a> })}
                </nav>
            }
        })
        .into_any()
}

/// The logo of a company, where it has one: its name stands beside it.
pub fn logo(of: domain::CompanyId, logo: Option<i64>) -> Option<AnyView> {
    logo.map(|logo| view! { <img class="logo" alt="" src=domain::picture::logo_path(of, logo) /> }.into_any())
}

/// A line of a list of facts: nothing where there is nothing to say.
pub fn fact(name: impl Into<String>, value: Option<AnyView>) -> AnyView {
    let name = name.into();
    value
        .map(|value| {
            view! {
                <div class="facts__row">
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            }
        })
        .into_any()
}

/// A text as its lines, without more than an element for each.
pub fn in_lines(texts: Vec<String>) -> Option<AnyView> {
    (!texts.is_empty()).then(|| texts.into_iter().map(|text| view! { <div>{text}</div> }).rows().into_any())
}

/// A text with its line breaks.
pub fn in_paragraphs(text: String) -> Option<AnyView> {
    (!text.is_empty()).shown(|| view! { <p class="facts__text">{text}</p> }.into_any())
}

/// A field in which a company is named.
#[component]
pub fn CompanyField(flash: Flash, hint: &'static str) -> impl IntoView {
    let names = RwSignal::new(Vec::new());
    // Nobody waits for it: whoever types the name needs no list.
    effect(move || {
        leptos::task::spawn_local(async move {
            if let Ok(found) = super::rpc::company_names().await {
                names.try_set(found);
            }
        });
    });
    let problem = flash.problem("company");
    let described = if problem.is_some() { "company-error" } else { "company-hint" };
    view! {
        <div class="field">
            <label class="field__label" for="company">
                "Company"
            </label>
            <input
                class="input"
                id="company"
                name="company"
                value=flash.value("company")
                list="company-names"
                autocomplete="off"
                maxlength="100"
                aria-invalid=problem.is_some().then_some("true")
                aria-describedby=described
            />
            <datalist id="company-names">
                {crate::erased::dynamic(move || {
                    names.get().into_iter().map(|c| view! { <option value=c.name></option> }).rows()
                })}
            </datalist>
            {field_error("company", problem)}
            <p class="field__hint" id="company-hint">
                {hint}
            </p>
        </div>
    }
    .into_any()
}
