//! What is around the forms and the lists of customers and of companies.

use super::pieces::{ListTabs, LiveSearch, Pages, PeoplePage, Sent, walk_rows};
use crate::{
    icons::{Ico, Icon},
    shared::Title,
};
use domain::search::DEEPEST;
use leptos::prelude::*;

/// A page with one form, which is sent to `action`.
#[component]
pub fn FormPage(
    #[prop(into)] title: String,
    /// The page above, where one is taken back to: its name and address.
    #[prop(into)]
    up: (String, String),
    #[prop(into)] action: String,
    /// What the button says.
    submit: &'static str,
    /// What stands on the button of something that is dangerous.
    #[prop(optional)]
    danger: Option<Icon>,
    /// What stands below the form.
    #[prop(optional_no_strip)]
    after: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let back = up.1.clone();
    view! {
        <PeoplePage title up narrow=true>
            <form method="post" action=action class="stack" novalidate>
                {children()}
                <div class="actions">
                    <button class=if danger.is_some() { "button button--danger" } else { "button button--primary" } type="submit">
                        {danger.map(|icon| view! { <Ico icon /> })}
                        {submit}
                    </button>
                    <a class="button" href=back>
                        "Cancel"
                    </a>
                </div>
            </form>
            {after}
        </PeoplePage>
    }
    .into_any()
}

/// The words of a list.
pub struct ListWords {
    pub title: &'static str,
    /// Where it is; `/new` behind it is where one is made.
    pub path: &'static str,
    pub label: &'static str,
    pub placeholder: &'static str,
    pub new: &'static str,
}

/// A list with its search. `more` stands beside the button that makes one, `chips` beside the search.
#[component]
pub fn ListPage(
    words: ListWords,
    #[prop(optional_no_strip)] more: Option<AnyView>,
    #[prop(optional_no_strip)] chips: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    walk_rows();
    let ListWords { title, path, label, placeholder, new } = words;
    view! {
        <Title text=title />
        <div class="page">
            <div class="page__body">
                <header class="page__head">
                    <h1 class="page__title">{title}</h1>
                    <div class="actions">
                        {more}
                        <a class="button button--primary" href=format!("{path}/new")>
                            <Ico icon=Icon::Plus />
                            {new}
                        </a>
                    </div>
                </header>
                <Sent />
                <ListTabs current=path />
                <div class="people__bar">
                    <LiveSearch path label placeholder />
                    {chips}
                </div>
                {children()}
            </div>
        </div>
    }
    .into_any()
}

/// What a list has come to.
pub struct Found {
    /// Whether somebody has typed something.
    pub searched: bool,
    /// How many are shown.
    pub shown: usize,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether a page is before this one.
    pub is_later: bool,
}

/// What stands behind the addresses of a list's pages, with what was searched for.
pub fn searched_for(query: &str, words: &str) -> String {
    match words.trim() {
        "" => query.to_owned(),
        words => format!("{query}&q={}", domain::attachment::url_name(words)),
    }
}

/// Rows of a list, with how many were found above and the way to its other pages below. `what`: one of them, many of them;
/// `query` stands behind the addresses of pages.
pub fn listed(found: Found, path: &str, query: &str, what: (&'static str, &'static str), table: AnyView) -> AnyView {
    let (one, many) = what;
    // Where a search ends, there is no way on but by more words.
    let is_end = |next: &String| found.searched && next.parse().is_ok_and(|shown: usize| shown >= DEEPEST);
    let heading = match (found.searched, found.next.as_ref(), found.shown) {
        (true, Some(next), _) if is_end(next) => {
            Some(format!("These are the first {next} {many}; more were found. Type on to narrow it down."))
        }
        (true, Some(_), n) if !found.is_later => Some(format!("The first {n}; more were found.")),
        (true, None, 1) if !found.is_later => Some(format!("1 {one}")),
        (true, None, n) if !found.is_later => Some(format!("{n} {many}")),
        _ => None,
    };
    let next = found.next.filter(|next| !is_end(next));
    let next = next.map(|next| format!("{path}?after={}{query}", domain::attachment::url_name(&next)));
    let first = found.is_later.then(|| format!("{path}?{}", query.trim_start_matches('&')));
    let heading = heading.map(|heading| {
        view! {
            <p class="muted" role="status">
                {heading}
            </p>
        }
        .into_any()
    });
    view! {
        {heading}
        {table}
        <Pages first next what=many />
    }
    .into_any()
}
