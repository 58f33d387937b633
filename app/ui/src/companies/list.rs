//! `/companies`: all of them by name, or those that are found while one types.

use crate::customers::{
    frames::{Found, ListPage, ListWords, listed, searched_for},
    rpc,
};
use crate::erased::memo;
use crate::fetched::resource;
use crate::{
    icons::Icon,
    shared::{Column, EmptyState, Markup, fetched, table_of},
};
use domain::{
    company::{CompanyFilter, CompanyRow},
    customer::counted,
    page::Page,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// `?q=` what was typed, `?after=` where the page before ended.
#[component]
pub fn CompaniesPage() -> impl IntoView {
    let query = use_query_map();
    let filter = memo(move || {
        query.with(|q| CompanyFilter {
            text: q.get("q").unwrap_or_default(),
            after: q.get("after").filter(|a| !a.is_empty()),
        })
    });
    let found = resource(move || filter.get(), rpc::list_companies);
    let words = ListWords {
        title: "Companies",
        path: "/companies",
        label: "Find companies",
        placeholder: "Name or domain",
        new: "New company",
    };
    view! {
        <ListPage words>
            {fetched(
                || view! { <i class="skeleton skeleton--block" data-tall="480"></i> }.into_any(),
                found,
                move |page| view! { <Rows page filter=filter.get_untracked() /> }.into_any(),
            )}
        </ListPage>
    }
    .into_any()
}

#[component]
fn Rows(page: Page<CompanyRow>, filter: CompanyFilter) -> impl IntoView {
    let searched = !filter.text.trim().is_empty();
    if page.rows.is_empty() {
        let (title, text) = if searched {
            ("Nothing found", "No name, no word of a name and no domain begins like this.")
        } else {
            (
                "No companies yet",
                "New customers join theirs by the domain of their address. Each company says whether they see each other's tickets.",
            )
        };
        return view! { <EmptyState icon=Icon::Building title text /> }.into_any();
    }
    let row = |table: Markup, company: &CompanyRow| {
        let table = table
            .raw("<tr><td><a data-row href=\"/companies/")
            .number(company.id.0)
            .raw("\">")
            .text(&company.name)
            .raw("</a></td><td data-label=\"Domains\">")
            .text(company.domains.join(", "))
            .raw("</td><td data-label=\"Tier\">");
        let table = if company.tier.is_empty() {
            table.raw("<span class=\"faint\">None</span>")
        } else {
            table.raw("<span class=\"badge\">").text(&company.tier).raw("</span>")
        };
        table
            .raw("</td><td data-label=\"Tickets seen\">")
            .raw(if company.sees_all { "All of the company" } else { "Only their own" })
            .raw("</td><td class=\"num\" data-label=\"People\">")
            .text(counted(company.people))
            .raw("</td></tr>")
    };
    let rows = page.rows.iter().fold(Markup::new("<tbody>"), row).raw("</tbody>");
    let found = Found { searched, shown: page.rows.len(), next: page.next, is_later: filter.after.is_some() };
    let table = table_of(
        "Companies by name",
        &[
            Column::Text("Name"),
            Column::Text("Domains"),
            Column::Text("Tier"),
            Column::Text("Users see"),
            Column::Number("People"),
        ],
        rows,
    );
    listed(found, "/companies", &searched_for("", &filter.text), ("company", "companies"), table)
}
