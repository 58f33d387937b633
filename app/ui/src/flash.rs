//! A plain form that was sent and refused: the page is shown again with what was typed and what is wrong with it.
//!
//! Forms that must work without JavaScript are sent to a handler of the server. When the operation refuses, the handler
//! renders the form's page once more with a [`Flash`] as context. It is written into the page, so that hydration agrees.

use crate::icons::{Ico, Icon};
use domain::Error;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// What was typed, and why it was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// Field names and values, without passwords and files.
    pub values: Vec<(String, String)>,
    pub error: Option<Error>,
}

impl Flash {
    pub fn value(&self, field: &str) -> String {
        self.values.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub fn problem(&self, field: &str) -> Option<String> {
        self.error.as_ref().and_then(|e| e.of_field(field)).map(str::to_owned)
    }
}

/// The field with the key of a form, under which it is done once however often it arrives.
pub const KEY: &str = "key";

/// Beside what was typed: what it would come to, where that is asked about before it is done.
pub const ASKED: &str = "asked";

/// The field with the id of the person whom the page of a form was made for.
pub const PERSON: &str = "person";

/// The flash of a page with a form that must not be done twice: with a key of this rendering where there is none yet. A
/// script sends keys of its own, so a page that the browser makes has none.
pub fn keyed() -> Flash {
    crate::json::shared(|| {
        #[allow(unused_mut, reason = "only the server adds to it")]
        let mut flash = use_context::<Flash>().unwrap_or_default();
        #[cfg(feature = "ssr")]
        if flash.value(KEY).is_empty() {
            flash.values.retain(|(name, _)| name != KEY);
            flash.values.push((KEY.to_owned(), store::tickets::fresh_key()));
        }
        flash
    })
}

/// The flash of this page, empty where the page was simply opened.
pub fn flash() -> Flash {
    crate::json::shared(|| use_context::<Flash>().unwrap_or_default())
}

/// What the form that was sent last has come to, where its page is not rendered again for an error: the words for whichever
/// of these names the address ends with.
#[component]
pub fn Done(words: &'static [(&'static str, &'static str)]) -> impl IntoView {
    let said = use_query_map()
        .with_untracked(|query| words.iter().find(|(name, _)| query.get(name).is_some()).map(|(_, words)| *words));
    said.filter(|_| flash().error.is_none())
        .map(|said| {
            view! {
                <p class="notice" data-kind="ok" role="status">
                    <Ico icon=Icon::Check />
                    {said}
                </p>
            }
        })
        .into_any()
}
