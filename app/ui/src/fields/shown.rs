//! Custom fields as they are read.

use crate::customers::pieces::{fact, in_lines, in_paragraphs};
use crate::erased::Rows;
use crate::me;
use domain::fields::{Filled, Kind, Shown, date};
use leptos::prelude::*;

/// Those that are filled in, as lines of a list of facts.
pub fn facts(fields: &[Filled]) -> AnyView {
    shown(fields.iter().filter_map(Filled::shown))
}

/// The same of what a customer sees.
pub fn shown(fields: impl Iterator<Item = Shown>) -> AnyView {
    fields.map(|Shown { name, kind, texts }| fact(name, value(kind, texts))).rows()
}

fn value(kind: Kind, texts: Vec<String>) -> Option<AnyView> {
    match kind {
        Kind::LongText => in_paragraphs(texts.join("\n")),
        Kind::Url => texts.into_iter().next().map(|address| {
            // What somebody has typed leads out of the desk: the page it leads to learns nothing of this one.
            let to = address.clone();
            view! {
                <a class="link" href=to target="_blank" rel="noopener noreferrer">
                    {address}
                </a>
            }
            .into_any()
        }),
        Kind::Date => {
            let day = |text: &String| date(text).map_or_else(|| text.clone(), |day| me::language().day(day));
            in_lines(texts.iter().map(day).collect())
        }
        _ => in_lines(texts),
    }
}
