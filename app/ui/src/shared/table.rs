use super::Markup;
use leptos::prelude::*;

/// A column of a table, by its name.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    Text(&'static str),
    Number(&'static str),
    /// As narrow as what is in it.
    Narrow(&'static str),
    /// The buttons of each row.
    Doings,
}

impl Column {
    fn add(self, head: Markup) -> Markup {
        let (begin, name, end) = match self {
            Column::Text(name) => ("<th scope=\"col\">", name, "</th>"),
            Column::Number(name) => ("<th scope=\"col\" class=\"num\">", name, "</th>"),
            Column::Narrow(name) => ("<th scope=\"col\" class=\"fit\">", name, "</th>"),
            Column::Doings => {
                ("<th scope=\"col\" class=\"fit\"><span class=\"sr-only\">", "What can be done", "</span></th>")
            }
        };
        head.raw(begin).text(name).raw(end)
    }
}

/// A table; its rows become cards where there is no room for columns. `caption`: what programs that read pages out call it.
pub fn table<V: IntoView + 'static>(
    caption: &'static str,
    columns: &[Column],
    rows: impl IntoIterator<Item = V>,
) -> AnyView {
    let rows: Vec<AnyView> = rows.into_iter().map(|row| row.into_any()).collect();
    around(caption, columns, view! { <tbody>{rows}</tbody> }.into_any())
}

/// The same with a body that is written as text.
pub fn table_of(caption: &'static str, columns: &[Column], body: Markup) -> AnyView {
    around(caption, columns, body.element().into_any())
}

fn around(caption: &'static str, columns: &[Column], body: AnyView) -> AnyView {
    let head = columns.iter().fold(Markup::new("<thead><tr>"), |head, column| column.add(head)).raw("</tr></thead>");
    view! {
        <div class="table-wrap">
            <table class="table table--stack">
                <caption class="sr-only">{caption}</caption>
                {head.element()}
                {body}
            </table>
        </div>
    }
    .into_any()
}

/// A button in a row, which sends the number of what it is about. `label`: the words with what it is about.
pub fn row_button(name: &'static str, id: i64, words: &'static str, label: String) -> AnyView {
    view! {
        <button class="button button--sm" type="submit" name=name value=id.to_string() aria-label=label>
            {words}
        </button>
    }
    .into_any()
}
