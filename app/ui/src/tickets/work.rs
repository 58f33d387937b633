//! What is done on a ticket beside reading it: writing, choosing its properties, looking at files.
//!
//! None of it is needed to show the page, so it is a part of its own. It is fetched when somebody is about to use it, and at
//! the latest when the browser has nothing else to do.

use super::{attachments::Previewing, composer::Begun, properties::List, state::TicketState};
use crate::erased::effect;
use crate::{lazy, me, shared::Opening};
use leptos::{leptos_dom::helpers::request_idle_callback, prelude::*, task::spawn_local};
use std::time::Duration;

/// How long a browser is left alone that does not say that it has nothing to do: some never do, and none while it draws
/// nothing new, as when the next page is on its way.
const REST: Duration = Duration::from_secs(1);

/// What the part makes.
#[allow(clippy::large_enum_variant, reason = "one is made at a time, and used up at once")]
pub enum Piece {
    Composer(Begun),
    List(List, TicketState, Opening),
    Preview(Previewing),
}

/// Whether the part has come. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Work {
    here: RwSignal<bool>,
    asked: StoredValue<bool>,
}

impl Work {
    /// In the component of a ticket. Fetches the part when there is nothing else to do.
    pub fn begin() -> Self {
        let this = Self { here: RwSignal::new(lazy::has_work()), asked: StoredValue::new(false) };
        let taken_over = me::taken_over();
        effect(move || {
            if taken_over.get() {
                request_idle_callback(move || this.ask());
                set_timeout(move || this.ask(), REST);
            }
        });
        this
    }

    /// Fetches the part, if that has not been done yet. When it does not come, the page offers to try again.
    pub fn ask(self) {
        if self.asked.try_get_value() == Some(false) {
            self.asked.set_value(true);
            spawn_local(async move {
                lazy::load_work().await;
                self.here.try_set(true);
            });
        }
    }

    /// Whether it is here. Tracks.
    pub fn is_here(self) -> bool {
        self.here.get()
    }

    /// Makes a piece, as soon as the part is here. Tracks that, and nothing else.
    pub fn make(self, piece: Piece) -> Option<AnyView> {
        self.is_here().then(|| untrack(|| lazy::work(piece))).flatten()
    }
}
