//! From card to card by keys. A thousand cards are one stop for Tab; arrows go on from there.

use super::{
    drag::{all, element_of},
    model::Arranged,
};
use crate::erased::effect;
use crate::keys::{Command, on_command};
use crate::{me, shared::settled};
use domain::TicketId;
use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// The way through the cards. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Walk {
    scroller: NodeRef<html::Div>,
    /// The card at which Tab stops.
    stop: StoredValue<Option<TicketId>>,
}

impl Walk {
    /// In a component. With what there is to show.
    pub fn new(scroller: NodeRef<html::Div>, arranged: Memo<Arranged>) -> Self {
        let this = Self { scroller, stop: StoredValue::new(None) };
        let taken_over = me::taken_over();
        // Without a script each card is a stop: so the server sends them, and so they are made here.
        effect(move || {
            arranged.track();
            if taken_over.get() && scroller.get().is_some() {
                spawn_local(async move {
                    settled().await;
                    this.keep_one();
                });
            }
        });
        on_command(move |command| {
            let key = match command {
                Command::Next => "ArrowDown",
                Command::Previous => "ArrowUp",
                _ => return,
            };
            let Some(stop) = this.stop.get_value().and_then(element_of) else { return };
            if stop.contains(document().active_element().as_deref()) {
                this.go(&stop, key);
            } else {
                focus_card(&stop);
            }
        });
        this
    }

    /// Leaves one stop among all cards: where it was, or else the first.
    fn keep_one(self) {
        let Some(scroller) = self.scroller.try_get_untracked().flatten() else { return };
        for link in all(&scroller, ".card__subject:not([tabindex])") {
            stops(&link, false);
        }
        let stop = self.stop.get_value().and_then(element_of);
        let stop = stop.or_else(|| scroller.query_selector(".card[id]").ok().flatten());
        if let Some(stop) = stop {
            self.stop_at(&stop);
        }
    }

    fn stop_at(self, card: &Element) {
        let id = id_of(card);
        if let Some(before) = self.stop.get_value().filter(|before| Some(*before) != id).and_then(element_of) {
            set_stop(&before, false);
        }
        self.stop.set_value(id);
        set_stop(card, true);
    }

    /// A key on a card that is not lifted. If it is Tab, this is where it comes back to.
    pub fn key(self, card: TicketId, event: &ev::KeyboardEvent) {
        let Some(card) = element_of(card) else { return };
        self.stop_at(&card);
        let alone = !(event.ctrl_key() || event.alt_key() || event.meta_key());
        if alone && self.go(&card, &event.key()) {
            event.prevent_default();
            event.stop_propagation();
        }
    }

    /// Goes on from a card. Returns whether the key is one of those that do.
    fn go(self, card: &Element, key: &str) -> bool {
        let (Some(scroller), Some(cell)) = (self.scroller.get_untracked(), card.parent_element()) else { return false };
        let to = match key {
            "ArrowDown" => card.next_element_sibling().or_else(|| beyond(&scroller, &cell, true)),
            "ArrowUp" => card.previous_element_sibling().or_else(|| beyond(&scroller, &cell, false)),
            "ArrowRight" => beside(card, &cell, true),
            "ArrowLeft" => beside(card, &cell, false),
            "Home" => cell.first_element_child(),
            "End" => cell.last_element_child(),
            _ => return false,
        };
        if let Some(to) = to {
            self.stop_at(&to);
            focus_card(&to);
        }
        true
    }
}

/// In the same column, the nearest card of the lanes below or above.
fn beyond(scroller: &Element, cell: &Element, below: bool) -> Option<Element> {
    let column = cell.get_attribute("data-column")?;
    let cells: Vec<Element> = all(scroller, &format!(".cell[data-column='{column}']")).collect();
    let here = cells.iter().position(|other| other == cell)?;
    if below {
        cells[here + 1..].iter().find_map(Element::first_element_child)
    } else {
        cells[..here].iter().rev().find_map(Element::last_element_child)
    }
}

/// In the same lane, the card that stands beside this one, in the nearest column that has any.
fn beside(card: &Element, cell: &Element, after: bool) -> Option<Element> {
    let mut cell = cell.clone();
    loop {
        let next = if after { cell.next_element_sibling() } else { cell.previous_element_sibling() };
        cell = next?;
        let top = card.get_bounding_client_rect().top();
        let away = |other: &Element| (other.get_bounding_client_rect().top() - top).abs();
        let nearest = all(&cell, ".card[id]").min_by(|a, b| away(a).total_cmp(&away(b)));
        if nearest.is_some() {
            return nearest;
        }
    }
}

fn id_of(card: &Element) -> Option<TicketId> {
    card.id().strip_prefix("card-")?.parse().ok().map(TicketId)
}

fn set_stop(card: &Element, is: bool) {
    if let Ok(Some(link)) = card.query_selector(".card__subject") {
        stops(&link, is);
    }
}

fn stops(link: &Element, is: bool) {
    // With a valid constant name it cannot fail.
    let _ = link.set_attribute("tabindex", if is { "0" } else { "-1" });
}

/// Focuses a card, which is to say its link.
pub fn focus_card(card: &Element) {
    let link = card.query_selector(".card__subject").ok().flatten();
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) {
        let _ = link.focus();
    }
}
