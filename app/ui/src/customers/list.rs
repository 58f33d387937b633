//! `/customers`: all of them by name, or those that are found while one types.

use super::{
    frames::{Found, ListPage, ListWords, listed, searched_for},
    rpc,
};
use crate::erased::{Sometimes, memo};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{Column, EmptyState, Markup, face, fetched, table_of},
};
use domain::{
    customer::{CustomerFilter, CustomerRow, Shown, counted},
    page::Page,
    policy::Action,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// `?q=` what was typed, `?shown=blocked`, `?after=` where the page before ended.
#[component]
pub fn CustomersPage() -> impl IntoView {
    let query = use_query_map();
    let filter = memo(move || {
        query.with(|q| CustomerFilter {
            text: q.get("q").unwrap_or_default(),
            shown: if q.get("shown").as_deref() == Some("blocked") { Shown::Blocked } else { Shown::All },
            company: None,
            after: q.get("after").filter(|a| !a.is_empty()),
        })
    });
    let found = resource(move || filter.get(), rpc::list_customers);
    let chip = move |href: &'static str, name: &'static str, shown: Shown| {
        view! {
            <a class="chip" href=href aria-current=crate::erased::reactive(move || (filter.with(|f| f.shown) == shown).then_some("page"))>
                {name}
            </a>
        }
    };
    let chips = view! {
        <div class="chips">
            {chip("/customers", "All", Shown::All)} {chip("/customers?shown=blocked", "Blocked", Shown::Blocked)}
        </div>
    }
    .into_any();
    let import = me::may(Action::ImportPeople).shown(|| {
        view! {
            <a class="button" href="/customers/import">
                <Ico icon=Icon::Upload />
                "Import"
            </a>
        }
        .into_any()
    });
    let words = ListWords {
        title: "Customers",
        path: "/customers",
        label: "Find customers",
        placeholder: "Name or e-mail address",
        new: "New customer",
    };
    view! {
        <ListPage words more=import chips=Some(chips)>
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
fn Rows(page: Page<CustomerRow>, filter: CustomerFilter) -> impl IntoView {
    let searched = !filter.text.trim().is_empty();
    if page.rows.is_empty() {
        let (title, text) = match (searched, filter.shown) {
            (true, _) => ("Nobody found", "No name, no word of a name, no address and no domain begins like this."),
            (false, Shown::Blocked) => {
                ("Nobody is blocked", "Whoever is blocked cannot sign in, and mails from them are kept aside.")
            }
            (false, Shown::All) => {
                ("No customers yet", "They come with their first ticket or mail, or you make them here.")
            }
        };
        return view! { <EmptyState icon=Icon::Users title text /> }.into_any();
    }
    let query = if filter.shown == Shown::Blocked { "&shown=blocked" } else { "" };
    let query = searched_for(query, &filter.text);
    let table = customer_table(&page.rows, true);
    let found = Found { searched, shown: page.rows.len(), next: page.next, is_later: filter.after.is_some() };
    listed(found, "/customers", &query, ("customer", "customers"), table)
}

/// Customers as a table. `company`: with a column for it.
pub fn customer_table(rows: &[CustomerRow], company: bool) -> AnyView {
    let row = |table: Markup, customer: &CustomerRow| {
        let table = table
            .raw("<tr><td><span class=\"person\">")
            .with(face(&customer.name, customer.picture.map(|n| domain::picture::path(customer.id, n)), ""))
            .raw("<a data-row href=\"/customers/")
            .number(customer.id.0)
            .raw("\">")
            .text(&customer.name)
            .raw("</a>");
        let table =
            if customer.blocked { table.raw(" <span class=\"badge\" data-kind=\"red\">Blocked</span>") } else { table };
        let table = table.raw("</span></td><td data-label=\"E-mail\">").text(&customer.email).raw("</td>");
        let table = match (&customer.company, company) {
            (_, false) => table,
            (None, true) => table.raw("<td data-label=\"Company\"><span class=\"faint\">Individual</span></td>"),
            (Some(c), true) => table
                .raw("<td data-label=\"Company\"><a href=\"/companies/")
                .number(c.id.0)
                .raw("\">")
                .text(&c.name)
                .raw("</a></td>"),
        };
        table.raw("<td class=\"num\" data-label=\"Tickets\">").text(counted(customer.tickets)).raw("</td></tr>")
    };
    let rows = rows.iter().fold(Markup::new("<tbody>"), row).raw("</tbody>");
    let mut columns = vec![Column::Text("Name"), Column::Text("E-mail")];
    columns.extend(company.then_some(Column::Text("Company")));
    columns.push(Column::Number("Tickets"));
    table_of("Customers by name", &columns, rows)
}
