//! A cell of the board: the cards of one state in one lane, and what is said of the card that is held over it.

use super::{card::card, drag::Drag, model::Cards};
use crate::erased::{dynamic, memo, reactive};
use crate::icons::{Ico, Icon};
use domain::{StatusId, TicketId, board::Lane, tag::Tag};
use leptos::prelude::*;

/// What a cell shows: its cards, and the gap where the one in the hand would land.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shown {
    Card(TicketId, i64),
    Gap,
    /// In place of the gap: why there is none.
    Refused,
}

#[component]
pub fn Cell(
    name: String,
    place: (Lane, StatusId),
    /// Which of the lanes it is in.
    number: Memo<Option<usize>>,
    inside: Memo<Vec<(TicketId, i64)>>,
    cards: RwSignal<Cards>,
    tags: StoredValue<Vec<Tag>>,
    drag: Drag,
    /// Whether the lane says already of which company its cards are.
    by_company: bool,
) -> impl IntoView {
    let (lane, status) = place;
    let here = {
        let lane = lane.clone();
        memo(move || drag.spot.with(|s| s.as_ref().filter(|s| s.lane == lane && s.status == status).map(|s| s.index)))
    };
    let why = memo(move || here.get().and_then(|_| drag.refused(&lane, status)));
    let items = memo(move || {
        let lifted = drag.lifted.get();
        let mut items: Vec<Shown> = inside.with(|all| all.iter().map(|(id, v)| Shown::Card(*id, *v)).collect());
        if let Some(index) = here.get() {
            // The gap's index does not count the card in the hand, which is still shown where it came from.
            let mut left = index;
            let at = items
                .iter()
                .position(|item| {
                    let counts = !matches!(item, Shown::Card(id, _) if Some(*id) == lifted);
                    if left == 0 && counts {
                        return true;
                    }
                    left -= usize::from(counts);
                    false
                })
                .unwrap_or(items.len());
            items.insert(at, if why.with(Option::is_some) { Shown::Refused } else { Shown::Gap });
        }
        items
    });
    view! {
        <ol
            class="cell"
            class:is-over=reactive(move || here.get().is_some())
            aria-label=name
            data-lane=reactive(move || number.get().map(|n| n.to_string()))
            data-column=status.0.to_string()
            data-refused=reactive(move || why.with(Option::is_some).then_some(""))
        >
            <For each=move || items.get() key=|item| *item let:item>
                {match item {
                    Shown::Gap => {
                        view! { <li class="card-gap" aria-hidden="true"></li> }.into_any()
                    }
                    // Those who hear are told by the live region.
                    Shown::Refused => {
                        view! {
                            <li class="card-refused" aria-hidden="true">
                                <Ico icon=Icon::Warning />
                                <span>{dynamic(move || why.get())}</span>
                            </li>
                        }
                            .into_any()
                    }
                    Shown::Card(id, _) => {
                        cards
                            .with_untracked(|c| c.get(id).cloned())
                            .map(|ticket| tags.with_value(|tags| card(&ticket, tags, by_company)).element())
                            .into_any()
                    }
                }}
            </For>
        </ol>
    }
    .into_any()
}
