//! `/settings/fields`: which custom fields there are, and in which order.

use super::{move_button, rpc, way};
use crate::erased::{Rows, Sometimes};
use crate::{
    icons::{Ico, Icon},
    settings::page_of,
    shared::{Column, EmptyState, table},
};
use domain::{
    FieldId,
    fields::{Definition, Subject},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn FieldsPage() -> impl IntoView {
    page_of(
        "Custom fields",
        "What you keep of customers and companies beyond what Docket has a place for. Staff fill them in on their pages, files can bring them in.",
        rpc::all_fields,
        |fields: Vec<Definition>| Subject::ALL.into_iter().map(|of| section(of, &fields)).rows().into_any(),
    )
}

/// The words of a list: what it is called, where there is none, what programs that read pages out call it.
fn words(of: Subject) -> (&'static str, &'static str, &'static str) {
    match of {
        Subject::Customers => (
            "customers-title",
            "Add one for what you want to know of every customer: a contract number, a birthday.",
            "Fields of customers, in their order",
        ),
        Subject::Companies => (
            "companies-title",
            "Add one for what you want to know of every company: its industry, who looks after it.",
            "Fields of companies, in their order",
        ),
    }
}

fn section(of: Subject, all: &[Definition]) -> AnyView {
    let (id, hint, caption) = words(of);
    let mut fields: Vec<&Definition> = all.iter().filter(|field| field.of == of).collect();
    fields.sort_by_key(|field| field.retired);
    let in_use = fields.iter().filter(|field| !field.retired).count();
    let moved = Moved::read();
    let rows = fields.iter().enumerate().map(|(n, field)| {
        let (first, last) = if field.retired { (in_use, fields.len() - 1) } else { (0, in_use.saturating_sub(1)) };
        row(field, n == first, n == last, &moved)
    });
    let rows: Vec<AnyView> = rows.collect();
    view! {
        <section class="section" aria-labelledby=id>
            <div class="section__head">
                <h2 class="section__title" id=id>
                    {of.name()}
                </h2>
                <a class="button button--sm" href=format!("/settings/fields/new-{}", of.word())>
                    <Ico icon=Icon::Plus />
                    "New field"
                    <span class="sr-only">{format!(" of {}", of.word())}</span>
                </a>
            </div>
            {if rows.is_empty() {
                view! { <EmptyState icon=Icon::List title="No fields yet" text=hint /> }.into_any()
            } else {
                table(
                    caption,
                    &[
                        Column::Text("Field"),
                        Column::Text("Kind"),
                        Column::Narrow("Required"),
                        Column::Narrow("Customers see it"),
                        Column::Doings,
                    ],
                    rows,
                )
            }}
        </section>
    }
    .into_any()
}

/// What was moved last, and in which direction: whoever goes on with the keyboard finds the button again.
struct Moved(Option<(FieldId, bool)>);

impl Moved {
    fn read() -> Self {
        let said = use_query_map().with_untracked(|query| query.get("moved")).unwrap_or_default();
        let read = said.split_once('-').and_then(|(id, way)| Some((FieldId(id.parse().ok()?), way == "up")));
        Self(read)
    }
}

fn row(field: &Definition, first: bool, last: bool, moved: &Moved) -> AnyView {
    let id = field.id;
    let up = moved.0.filter(|(moved, _)| *moved == id).map(|(_, up)| up);
    // At the end of the list the way back is left.
    let focus = up.map(|up| if up { !first } else { last });
    let word = |on: bool| if on { "Yes" } else { "–" };
    let button = |up: bool, end: bool, focused: bool| move_button(&field.name, up, way(up).to_owned(), end, focused);
    view! {
        <tr>
            <th scope="row">
                <a class="link" href=format!("/settings/fields/{id}")>
                    {field.name.clone()}
                </a>
                {field.retired.shown(|| view! { " " <span class="badge">"Retired"</span> })}
                <p class="field__hint">{field.help.clone()}</p>
            </th>
            <td data-label="Kind">{field.kind.name()}</td>
            <td data-label="Required">{word(field.is_required())}</td>
            <td data-label="Customers see it">{word(field.shown)}</td>
            <td>
                <form method="post" action="/settings/fields" class="row">
                    <input type="hidden" name="field" value=id.to_string() />
                    {button(true, first, focus == Some(true))}
                    {button(false, last, focus == Some(false))}
                </form>
            </td>
        </tr>
    }
    .into_any()
}
