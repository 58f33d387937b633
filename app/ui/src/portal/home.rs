use super::{pill, rpc};
use crate::erased::{Rows, dynamic, effect, memo};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{EmptyState, ErrorNotice, Title, When, awaited},
};
use domain::{
    page::Page,
    search::DEEPEST,
    ticket::{Filter, Ticket},
};
use leptos::{html, prelude::*};
use leptos_router::hooks::use_query_map;

/// How many tickets a page shows.
const SHOWN: u32 = 20;

/// What is looked for: words, a state, whose, what comes after.
type Wanted = (Option<String>, Option<String>, Option<String>, Option<String>);

/// `/portal`: my tickets, newest activity first; `?q=` searches them, `?show=open|closed` filters, `?whose=company` shows
/// colleagues' too where the company lets its users see them.
#[component]
pub fn PortalHome() -> impl IntoView {
    let person = me::me();
    let first_name =
        person.as_ref().and_then(|p| p.name.split_whitespace().next().map(str::to_owned)).unwrap_or_default();
    let user = person.as_ref().map(|p| p.id);
    let sees_company = person.as_ref().is_some_and(|p| p.sees_company);
    let query = use_query_map();
    let param = move |name: &str| query.get().get(name).filter(|v| !v.is_empty());
    let wanted: Memo<Wanted> = memo(move || (param("q"), param("show"), param("whose"), param("after")));
    let found = resource(
        move || wanted.get(),
        move |(words, show, whose, after)| async move {
            if let Some(words) = words {
                let from = after.and_then(|after| after.parse().ok()).unwrap_or_default();
                let found = rpc::search(words, from).await?;
                let shown = usize::from(from) + found.hits.len();
                let next = (found.more && shown < DEEPEST).then(|| shown.to_string());
                let rows = found.hits.into_iter().map(|h| h.ticket).collect();
                return Ok(Page { rows, next, ..Page::default() });
            }
            let workflow = me::workflow();
            let only = |active: bool| {
                workflow.statuses.iter().filter(|s| s.category.is_active() == active).map(|s| s.id).collect()
            };
            let filter = Filter {
                statuses: match show.as_deref() {
                    Some("open") => only(true),
                    Some("closed") => only(false),
                    _ => Vec::new(),
                },
                requester: user.filter(|_| whose.as_deref() != Some("company")),
                after,
                limit: Some(SHOWN),
                ..Filter::default()
            };
            rpc::list(filter).await
        },
    );
    let chip = move |name: &'static str, value: Option<&'static str>, label: &'static str| {
        let to = move || {
            let mut map = query.get();
            map.remove(name);
            map.remove("after");
            map.remove("q");
            if let Some(value) = value {
                map.insert(name, value.to_owned());
            }
            format!("/portal{}", map.to_query_string())
        };
        let current = move || (param(name).as_deref() == value && param("q").is_none()).then_some("page");
        view! {
            <a class="chip" href=to aria-current=current>
                {label}
            </a>
        }
    };
    let older = move |next: String| {
        let mut map = query.get_untracked();
        map.remove("after");
        map.insert("after", next);
        format!("/portal{}", map.to_query_string())
    };
    // What stands in the field follows the address, but for what is being typed there.
    let field = NodeRef::<html::Input>::new();
    let before = StoredValue::new(param("q"));
    effect(move || {
        let words = wanted.with(|(words, ..)| words.clone());
        if let Some(field) = field.get().filter(|_| before.with_value(|before| *before != words)) {
            field.set_value(words.as_deref().unwrap_or_default());
        }
        before.set_value(words);
    });
    view! {
        <Title text="My tickets" />
        <div class="portal__width">
            <section class="hero">
                <h1 class="hero__title">"How can we help, " {first_name} "?"</h1>
                <form class="hero__search" role="search" action="/portal">
                    <Ico icon=Icon::Search />
                    <input
                        class="input"
                        node_ref=field
                        name="q"
                        type="search"
                        aria-label="Search my tickets"
                        placeholder="Search my tickets"
                        maxlength=domain::search::TEXT_MAX
                        value=param("q").unwrap_or_default()
                    />
                </form>
            </section>
            <section>
                <div class="portal__section-head">
                    <h2>{dynamic(move || if param("q").is_some() { "Found" } else { "My tickets" })}</h2>
                    <a class="button button--primary" href="/portal/new">
                        "New ticket"
                    </a>
                </div>
                <div class="chips">
                    {chip("show", None, "All")} {chip("show", Some("open"), "Open")}
                    {chip("show", Some("closed"), "Solved and closed")}
                    {sees_company.then(|| chip("whose", Some("company"), "Of all colleagues"))}
                </div>
                {awaited(|| {
                    view! { <i class="skeleton skeleton--block" data-tall="240"></i> }
                }, move || async move {
                        match found.await {
                            Ok(page) if page.rows.is_empty() => nothing(&wanted.get_untracked()),
                            Ok(page) => {
                                let next = page.next.clone();
                                view! {
                                    <ul>
                                        {page.rows.into_iter().map(|t| view! { <Row ticket=t user=user /> }).rows()}
                                    </ul>
                                    {next
                                        .map(|next| {
                                            view! {
                                                <a class="portal__more" href=older(next)>
                                                    {if param("q").is_some() { "More that was found" } else { "Older tickets" }}
                                                </a>
                                            }
                                        })}
                                }
                                    .into_any()
                            }
                            Err(error) => {
                                let retry = Callback::new(move |()| found.refetch());
                                view! { <ErrorNotice error=error.0 retry /> }.into_any()
                            }
                        }
                    })}
            </section>
        </div>
    }
    .into_any()
}

/// Says why the list is empty, and what can be done about it.
fn nothing((words, show, whose, after): &Wanted) -> AnyView {
    let (icon, title, text, clear) = match (words, show.as_deref()) {
        (Some(words), _) => (
            Icon::Search,
            format!("Nothing was found for “{words}”"),
            "Try fewer or other words, or the number of a ticket.",
            Some("Clear the search"),
        ),
        (None, Some("open")) => (Icon::Inbox, "No open tickets".to_owned(), "", Some("Show all")),
        (None, Some("closed")) => (Icon::Inbox, "No solved or closed tickets".to_owned(), "", Some("Show all")),
        (None, _) if whose.is_some() || after.is_some() => {
            (Icon::Inbox, "No tickets here".to_owned(), "", Some("Show all"))
        }
        _ => (Icon::Inbox, "No tickets yet".to_owned(), "When you ask us for help, you can follow it here.", None),
    };
    let way_on = match clear {
        Some(clear) => view! {
            <a class="button" href="/portal">
                {clear}
            </a>
        }
        .into_any(),
        None => view! {
            <a class="button button--primary" href="/portal/new">
                "New ticket"
            </a>
        }
        .into_any(),
    };
    view! {
        <EmptyState icon=icon title=title text=text>
            {way_on}
        </EmptyState>
    }
    .into_any()
}

#[component]
fn Row(ticket: Ticket, user: Option<domain::UserId>) -> impl IntoView {
    let last = if !ticket.customer_last && ticket.updated_at == ticket.created_at {
        "we opened it "
    } else if !ticket.customer_last {
        "we answered "
    } else if user == Some(ticket.requester.id) {
        "you wrote "
    } else {
        "your colleague wrote "
    };
    view! {
        <li class="portal-ticket" data-unread=(!ticket.customer_last).then_some("")>
            <a class="portal-ticket__subject" href=format!("/portal/tickets/{}", ticket.id)>
                {ticket.subject}
            </a>
            <p class="portal-ticket__meta">
                {format!("#{}", ticket.id)} " · " {last} <When at=ticket.updated_at in_words=true />
            </p>
            {pill(&me::workflow(), ticket.status)}
        </li>
    }
    .into_any()
}
