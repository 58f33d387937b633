//! What a file to import looks like, and what is in which of its columns.

use crate::erased::Sometimes;
use crate::{
    flash::flash,
    icons::{Ico, Icon},
    shared::{Markup, When, field_error},
};
use domain::FieldId;
use domain::import::{Encoding, Field, ImportView, Kind, Reading, SOURCE_MAX, Separator};
use leptos::prelude::*;

/// An `option` of a `select`.
fn option(value: &str, text: &str, on: bool) -> Markup {
    Markup::new(if on { "<option selected value=\"" } else { "<option value=\"" })
        .text(value)
        .raw("\">")
        .text(text)
        .raw("</option>")
}

/// The head of a column: its name in the file, and what it is taken for.
fn head(n: usize, name: Option<&String>, kind: Kind, custom: &[(FieldId, String)], reading: &Reading) -> Markup {
    let now = reading.columns.get(n).copied().flatten();
    let label = name.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("Column {}", n + 1));
    let options = kind.fields().iter().fold(option("", "Leave out", now.is_none()), |all, field| {
        all.with(option(&field.word(), field.label(), now == Some(*field)))
    });
    let options = custom.iter().fold(options, |all, (id, name)| {
        let field = Field::Custom(*id);
        all.with(option(&field.word(), name, now == Some(field)))
    });
    Markup::new("<th scope=\"col\"><span class=\"import__name\">")
        .text(&label)
        .raw("</span><select class=\"select select--sm\" name=\"")
        .text(format!("column-{n}"))
        .raw("\" aria-label=\"What is in ")
        .text(&label)
        .raw("\">")
        .with(options)
        .raw("</select></th>")
}

/// A line of the file, in as many cells as there are columns.
fn row(line: &[String], width: usize) -> Markup {
    (0..width)
        .fold(Markup::new("<tr>"), |row, n| row.raw("<td>").text(line.get(n).cloned().unwrap_or_default()).raw("</td>"))
        .raw("</tr>")
}

/// A choice with its label.
fn choice<const N: usize>(
    name: &'static str,
    label: &'static str,
    options: [(&'static str, &'static str, bool); N],
) -> AnyView {
    let select = Markup::new("<select class=\"select\" name=\"").raw(name).raw("\" id=\"").raw(name).raw("\">");
    let select = options.into_iter().fold(select, |all, (value, text, on)| all.with(option(value, text, on)));
    view! {
        <div class="field">
            <label class="field__label" for=name>
                {label}
            </label>
            {select.raw("</select>").element()}
        </div>
    }
    .into_any()
}

fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Utf16Le => "UTF-16 (little-endian)",
        Encoding::Utf16Be => "UTF-16 (big-endian)",
        Encoding::Windows1252 => "Windows-1252 (Western)",
    }
}

fn separator_name(separator: Separator) -> &'static str {
    match separator {
        Separator::Comma => "Comma",
        Separator::Semicolon => "Semicolon",
        Separator::Tab => "Tab",
    }
}

/// Where tickets come from, and what is made of what a file says of them.
fn of_tickets(source: String) -> AnyView {
    let (typed, problem) = (flash().value("source"), flash().problem("source"));
    let described = if problem.is_some() { "source-error" } else { "source-hint" };
    view! {
        <div class="field">
            <label class="field__label" for="source">
                "Where the tickets come from"
            </label>
            <input
                class="input"
                id="source"
                name="source"
                maxlength=SOURCE_MAX.to_string()
                value=if typed.is_empty() { source } else { typed }
                aria-invalid=problem.is_some().then_some("true")
                aria-describedby=described
            />
            {field_error("source", problem)}
            <p class="field__hint" id="source-hint">
                "Like Zendesk. The numbers of tickets are unique within it: what has come from it before is left as it is."
            </p>
        </div>
        <details class="more">
            <summary class="link">"What is made of the columns"</summary>
            <ul class="stack stack--tight">
                <li>"The e-mail address is the customer’s: who is not there yet is made, in the company of their domain."</li>
                <li>"Times are like 2026-11-21 08:12 or 2026-11-21T08:12:00+01:00. Without a zone they are taken as UTC."</li>
                <li>"Status: one of yours, or a word like new, open, pending, on hold, solved, closed. Empty is open."</li>
                <li>"Priority: low, normal, high or urgent, for urgency and importance alike, unless they have columns of their own."</li>
                <li>"The assignee is an address or a name of a colleague. Tickets of anybody else come in unassigned."</li>
                <li>"Where there is no first message, the subject stands in its place. Nobody gets a mail."</li>
            </ul>
        </details>
    }
    .into_any()
}

/// The form that says how the file is to be read. `page` is the import's address.
#[component]
pub fn Mapping(shown: ImportView, page: String) -> impl IntoView {
    let problem = flash().problem("columns");
    let ImportView { import, names, preview, custom, .. } = shown;
    let (mut reading, kind) = (import.reading, import.kind);
    let source = std::mem::take(&mut reading.source);
    let remark = match kind {
        Kind::Tickets => ". Times without a zone are taken as UTC.",
        Kind::Customers | Kind::Companies => ". Cells that are empty change nothing.",
    };
    let width = reading.columns.len();
    let heads =
        (0..width).fold(Markup::new("<thead><tr>"), |all, n| all.with(head(n, names.get(n), kind, &custom, &reading)));
    let body = preview.iter().fold(Markup::new("<tbody>"), |all, line| all.with(row(line, width))).raw("</tbody>");
    let table = Markup::new("<table class=\"table import__table\">")
        .with(heads.raw("</tr></thead>"))
        .with(body)
        .raw("</table>");
    let encodings = Encoding::ALL.map(|e| (e.word(), encoding_name(e), e == reading.encoding));
    let separators = Separator::ALL.map(|s| (s.word(), separator_name(s), s == reading.separator));
    view! {
        <section class="section" aria-labelledby="columns">
            <h2 class="section__title" id="columns">
                "What is in which column"
            </h2>
            <form method="post" action=page class="stack">
                {problem
                    .map(|problem| {
                        view! {
                            <p class="field__error" role="alert">
                                <Ico icon=Icon::Alert />
                                {problem}
                            </p>
                        }
                    })}
                <div class="table-wrap" tabindex="0" role="region" aria-label="The first lines">
                    {table.element()}
                </div>
                <input type="hidden" name="width" value=width.to_string() />
                {(kind == Kind::Tickets).shown(|| of_tickets(source))}
                <div class="field-grid">
                    {choice("encoding", "Encoding", encodings)} {choice("separator", "Between the cells", separators)}
                </div>
                <label class="check">
                    <input type="checkbox" name="header" checked=reading.header />
                    <span>"The first line has the names of the columns"</span>
                </label>
                <div class="actions">
                    <button class="button button--primary" type="submit" name="do" value="try">
                        "Try without changing anything"
                    </button>
                    <button class="button" type="submit" name="do" value="look">
                        "Show again"
                    </button>
                </div>
                <p class="faint small">
                    "Uploaded " <When at=import.created_at in_words=true /> {remark}
                </p>
            </form>
        </section>
    }
    .into_any()
}
