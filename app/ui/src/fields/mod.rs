//! Custom fields: the page on which they are defined, how they are filled in, and how they are read.

mod define;
mod form;
mod list;
mod own;
pub(crate) mod rpc;
mod shown;

pub use define::FieldPage;
pub use form::{BlankFields, FieldInputs};
pub use list::FieldsPage;
pub use own::OwnFields;
pub use shown::facts;

use crate::icons::{Ico, Icon};
use leptos::prelude::*;

/// Which way something is moved in its list, as forms say it.
fn way(up: bool) -> &'static str {
    if up { "up" } else { "down" }
}

/// Moves something one place in its list; not at the `end` of it. `focused` goes on where it was pressed last.
fn move_button(name: &str, up: bool, value: String, end: bool, focused: bool) -> AnyView {
    view! {
        <button
            class="button button--sm button--icon"
            type="submit"
            name="move"
            value=value
            disabled=end
            autofocus=focused
            aria-label=format!("Move {name} {}", way(up))
        >
            <Ico icon=if up { Icon::ArrowUp } else { Icon::ArrowDown } />
        </button>
    }
    .into_any()
}
