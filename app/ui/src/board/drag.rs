//! Moving cards, by mouse, touch and keyboard. What a drop means is in [`super::model`]; this is hands and eyes.

use super::{
    model::{Cards, Spot, refusal},
    rpc,
    walk::focus_card,
};
use crate::erased::effect;
use crate::shared::{Toaster, bring_into_view, toaster};
use domain::{
    StatusId, TicketId,
    board::{BoardFilter, Lane, Lanes},
    workflow::Workflow,
};
use leptos::{ev, html, prelude::*};
use std::time::Duration;
use wasm_bindgen::{JsCast, closure::Closure};

/// How far a mouse moves before a press becomes a drag, in pixels.
const SLACK: f64 = 5.0;
/// How long a finger rests before it lifts a card; a shorter touch scrolls.
const LONG_PRESS: Duration = Duration::from_millis(250);
/// How near an edge the board scrolls under a lifted card, and by how much in each frame, in pixels.
const EDGE: f64 = 48.0;
const STEP: i32 = 8;

/// The click that follows a drag is marked by a character that nobody hears.
const QUIET: &str = "\u{200b}";

/// A press that may become a drag.
#[derive(Clone, Copy, PartialEq)]
struct Press {
    card: TicketId,
    x: f64,
    y: f64,
    touch: bool,
}

/// What is being moved, and where it would land.
#[derive(Clone, Copy)]
pub struct Drag {
    cards: RwSignal<Cards>,
    lanes: Memo<Lanes>,
    shown: Memo<Vec<Lane>>,
    filter: StoredValue<BoardFilter>,
    workflow: StoredValue<Workflow>,
    toaster: Toaster,
    press: StoredValue<Option<Press>>,
    /// The card in the hand.
    pub lifted: RwSignal<Option<TicketId>>,
    /// Where it would land.
    pub spot: RwSignal<Option<Spot>>,
    /// Whether a pointer holds it: then a copy follows the pointer.
    pub by_pointer: RwSignal<bool>,
    /// Where that pointer is.
    pointer: StoredValue<(f64, f64)>,
    /// Whether something is to be done about it in the next frame.
    planned: StoredValue<bool>,
    /// What a screen reader says.
    pub speech: RwSignal<String>,
    pub ghost: NodeRef<html::Div>,
    pub scroller: NodeRef<html::Div>,
}

impl Drag {
    pub fn new(
        cards: RwSignal<Cards>,
        lanes: Memo<Lanes>,
        shown: Memo<Vec<Lane>>,
        filter: BoardFilter,
        workflow: Workflow,
    ) -> Self {
        let lifted = RwSignal::new(None);
        let drag = Self {
            cards,
            lanes,
            shown,
            filter: StoredValue::new(filter),
            workflow: StoredValue::new(workflow),
            toaster: toaster(),
            press: StoredValue::new(None),
            lifted,
            spot: RwSignal::new(None),
            by_pointer: RwSignal::new(false),
            pointer: StoredValue::new((0.0, 0.0)),
            planned: StoredValue::new(false),
            speech: RwSignal::new(String::new()),
            ghost: NodeRef::new(),
            scroller: NodeRef::new(),
        };
        effect(move || drag.listen());
        effect(move || drag.hold_still());
        Effect::new(move |before: Option<Option<TicketId>>| {
            let now = lifted.get();
            for (id, is) in [(before.flatten(), false), (now, true)] {
                if let Some(card) = id.and_then(element_of) {
                    // Fails for names with spaces only.
                    let _ = card.class_list().toggle_with_force("is-lifted", is);
                }
            }
            now
        });
        drag
    }

    /// Why the card in the hand may not land in a cell, if it may not.
    pub fn refused(self, lane: &Lane, status: StatusId) -> Option<String> {
        let id = self.lifted.get()?;
        self.why_not(id, lane, status)
    }

    fn why_not(self, id: TicketId, lane: &Lane, status: StatusId) -> Option<String> {
        let lanes = self.lanes.get_untracked();
        self.cards.with_untracked(|cards| {
            let ticket = cards.get(id)?;
            let held = cards.count(status);
            self.workflow.with_value(|workflow| refusal(ticket, lane, status, held, lanes, workflow))
        })
    }

    /// A press, on a card or beside. A mouse drags the card once it moves; a finger lifts it by resting on it.
    pub fn pressed(self, card: Option<TicketId>, event: &ev::PointerEvent) {
        // A drag that ended outside of the board was not followed by a click on it.
        self.is_over();
        let Some(card) = card.filter(|_| event.button() == 0 && self.lifted.get_untracked().is_none()) else { return };
        let touch = event.pointer_type() == "touch";
        let press = Press { card, x: event.client_x().into(), y: event.client_y().into(), touch };
        self.press.set_value(Some(press));
        if touch {
            set_timeout(
                move || {
                    if self.press.try_get_value().flatten() == Some(press) && self.lifted.get_untracked().is_none() {
                        self.lift(card, true);
                        self.follow(press.x, press.y);
                    }
                },
                LONG_PRESS,
            );
        }
    }

    fn listen(self) {
        let moved = window_event_listener(ev::pointermove, move |event| {
            let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
            if let Some(press) = self.press.get_value()
                && self.lifted.get_untracked().is_none()
            {
                let far = (x - press.x).hypot(y - press.y) > SLACK;
                if far && press.touch {
                    // A finger that moves at once wants to scroll.
                    self.press.set_value(None);
                } else if far {
                    self.lift(press.card, true);
                }
            }
            if self.by_pointer.get_untracked() {
                event.prevent_default();
                self.follow(x, y);
            }
        });
        let up = window_event_listener(ev::pointerup, move |_| {
            self.press.set_value(None);
            if self.by_pointer.get_untracked() {
                // It may have moved since the last frame.
                self.find_place();
                self.put_down();
            }
        });
        let broken_off = window_event_listener(ev::pointercancel, move |_| {
            self.press.set_value(None);
            if self.by_pointer.get_untracked() {
                self.back();
            }
        });
        let escape = window_event_listener(ev::keydown, move |event| {
            if event.key() == "Escape" && self.by_pointer.get_untracked() {
                self.press.set_value(None);
                self.back();
            }
        });
        on_cleanup(move || {
            for handle in [moved, up, broken_off, escape] {
                handle.remove();
            }
        });
    }

    /// While a finger holds a card the board must not scroll; the browser asks only listeners that are not passive, and
    /// waits for their answer before it scrolls. So only the board has one. One that came with the lifting would come too
    /// late: Safari asks those only that were there when the finger came down.
    fn hold_still(self) {
        let Some(scroller) = self.scroller.get() else { return };
        let hold = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            if self.by_pointer.try_get_untracked() == Some(true) {
                event.prevent_default();
            }
        });
        let options = web_sys::AddEventListenerOptions::new();
        options.set_passive(false);
        let function: &js_sys::Function = hold.as_ref().unchecked_ref();
        let _ =
            scroller.add_event_listener_with_callback_and_add_event_listener_options("touchmove", function, &options);
        // The listener goes with the board; what it would call must not be dropped before.
        let held = send_wrapper::SendWrapper::new((scroller, hold));
        on_cleanup(move || {
            let (scroller, hold) = held.take();
            let _ = scroller.remove_event_listener_with_callback("touchmove", hold.as_ref().unchecked_ref());
        });
    }

    /// A click on the board: a drag must not end in following the card's link.
    pub fn clicked(self, event: &ev::MouseEvent) {
        if self.is_over() {
            event.prevent_default();
        }
    }

    /// Whether a drag has ended and nothing was clicked or pressed since. Asked once, it is not so any more.
    fn is_over(self) -> bool {
        let over = self.speech.with_untracked(|s| s.starts_with(QUIET));
        if over {
            self.speech.update(|s| {
                s.remove(0);
            });
        }
        over
    }

    fn say(self, text: String) {
        self.speech.set(text);
    }

    /// Where a card is now.
    fn home(self, id: TicketId) -> Option<Spot> {
        let lanes = self.lanes.get_untracked();
        self.cards.with_untracked(|cards| {
            let ticket = cards.get(id)?;
            let lane = Lane::of(ticket, lanes);
            let cells = cards.arranged(lanes);
            let index = cells.get(&(lane.clone(), ticket.status.0))?.iter().position(|(t, _)| *t == id)?;
            Some(Spot { lane, status: ticket.status, index })
        })
    }

    fn lift(self, id: TicketId, by_pointer: bool) {
        self.spot.set(self.home(id));
        self.lifted.set(Some(id));
        self.by_pointer.set(by_pointer);
        self.say(format!("Lifted #{id}. {} Arrow keys move it, Space drops it, Escape puts it back.", self.place()));
    }

    /// Where the card in the hand would land, in words.
    fn place(self) -> String {
        let Some(spot) = self.spot.get_untracked() else { return String::new() };
        let column = self.workflow.with_value(|w| w.status(spot.status).map(|s| s.name.clone())).unwrap_or_default();
        let lane = spot.lane.title(self.lanes.get_untracked());
        let of = self.others(&spot).len() + 1;
        let lane = if lane.is_empty() { lane } else { format!(", {lane}") };
        let refused = self.lifted.get_untracked().and_then(|id| self.why_not(id, &spot.lane, spot.status));
        match refused {
            Some(why) => format!("{column}{lane}: {why}"),
            None => format!("{column}{lane}, position {} of {of}.", spot.index + 1),
        }
    }

    /// The cards of a cell but the one in the hand.
    fn others(self, spot: &Spot) -> Vec<TicketId> {
        let lifted = self.lifted.get_untracked();
        let cells = self.cards.with_untracked(|c| c.arranged(self.lanes.get_untracked()));
        let cell = cells.get(&(spot.lane.clone(), spot.status.0));
        cell.into_iter().flatten().map(|(t, _)| *t).filter(|t| Some(*t) != lifted).collect()
    }

    /// The pointer has moved. What follows from that is done once a frame: it may move more often.
    fn follow(self, x: f64, y: f64) {
        self.pointer.set_value((x, y));
        self.plan();
    }

    fn plan(self) {
        if !self.planned.get_value() {
            self.planned.set_value(true);
            request_animation_frame(move || self.frame());
        }
    }

    /// Finds the place below the pointer and moves the copy there. Near an edge the board scrolls on, frame by frame, for
    /// as long as a card is held there: whoever rests there waits for what comes.
    fn frame(self) {
        if self.planned.try_set_value(false).is_some() || self.by_pointer.try_get_untracked() != Some(true) {
            return;
        }
        // What is read comes before what is written, or the board would be laid out twice.
        self.find_place();
        let (x, y) = self.pointer.get_value();
        let rolls = self.scroll(x, y);
        if let Some(ghost) = self.ghost.get_untracked() {
            let style = web_sys::HtmlElement::style(&ghost);
            let _ = style.set_property("transform", &format!("translate({}px,{}px)", x - 24.0, y - 16.0));
        }
        if rolls {
            self.plan();
        }
    }

    /// Finds the place below the pointer. By where cells and cards stand: to ask what is under a point is to look through
    /// everything on the board.
    fn find_place(self) {
        let (x, y) = self.pointer.get_value();
        let Some(scroller) = self.scroller.get_untracked().filter(|s| holds(s, x, y)) else { return };
        let Some(cell) = all(&scroller, ".cell").find(|cell| holds(cell, x, y)) else { return };
        let number = |name: &str| cell.get_attribute(name).and_then(|v| v.parse::<i64>().ok());
        let (Some(lane), Some(status)) = (number("data-lane"), number("data-column")) else { return };
        let Some(lane) = self.shown.with_untracked(|s| s.get(lane as usize).cloned()) else { return };
        let lifted = self.lifted.get_untracked().map(|id| format!("card-{id}")).unwrap_or_default();
        // They stand in their order, so that a few of them tell where the pointer is among all.
        let inside = cell.children();
        let is_above = |n: u32| {
            inside.item(n).is_some_and(|card| {
                let frame = card.get_bounding_client_rect();
                y > frame.top() + frame.height() / 2.0
            })
        };
        let (mut from, mut to) = (0, inside.length());
        while from < to {
            let middle = from.midpoint(to);
            if is_above(middle) { from = middle + 1 } else { to = middle }
        }
        let counts = |n: &u32| inside.item(*n).is_some_and(|c| c.class_list().contains("card") && c.id() != lifted);
        let index = (0..from).filter(counts).count();
        let spot = Some(Spot { lane, status: StatusId(status), index });
        let cell = |spot: &Option<Spot>| spot.as_ref().map(|s| (s.lane.clone(), s.status));
        let (new, moved) = self.spot.with_untracked(|before| (*before != spot, cell(before) != cell(&spot)));
        if new {
            self.spot.set(spot);
        }
        // Whoever holds it sees whether it may land there; those who hear are told, where they come to another cell.
        if moved {
            self.say(self.place());
        }
    }

    /// Scrolls a step if the pointer is near an edge; whether it is, and there was something to scroll to.
    fn scroll(self, x: f64, y: f64) -> bool {
        let Some(scroller) = self.scroller.try_get_untracked().flatten() else { return false };
        let frame = scroller.get_bounding_client_rect();
        let step = |near: bool, far: bool| {
            if near {
                -STEP
            } else if far {
                STEP
            } else {
                0
            }
        };
        let dx = step(x < frame.left() + EDGE, x > frame.right() - EDGE);
        let dy = step(y < frame.top() + EDGE, y > frame.bottom() - EDGE);
        let before = (scroller.scroll_left(), scroller.scroll_top());
        scroller.scroll_by_with_x_and_y(dx.into(), dy.into());
        before != (scroller.scroll_left(), scroller.scroll_top())
    }

    /// Keys on a card, if they move it.
    pub fn key(self, id: TicketId, event: &ev::KeyboardEvent) {
        let holding = self.lifted.get_untracked() == Some(id);
        match (event.key().as_str(), holding) {
            (" ", false) => self.lift(id, false),
            (" " | "Enter", true) => self.put_down(),
            ("Escape", true) => self.back(),
            ("Tab", true) => {}
            (key @ ("ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown"), true) => self.step(key),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn step(self, key: &str) {
        let Some(mut spot) = self.spot.get_untracked() else { return };
        let columns = self.cards.with_untracked(|c| c.columns.clone());
        let lanes = self.shown.get_untracked();
        let column = columns.iter().position(|c| *c == spot.status).unwrap_or(0);
        let lane = lanes.iter().position(|l| *l == spot.lane).unwrap_or(0);
        let length = self.others(&spot).len();
        match key {
            "ArrowLeft" if column > 0 => spot.status = columns[column - 1],
            "ArrowRight" if column + 1 < columns.len() => spot.status = columns[column + 1],
            "ArrowUp" if spot.index > 0 => spot.index -= 1,
            "ArrowDown" if spot.index < length => spot.index += 1,
            "ArrowUp" if lane > 0 => {
                spot.lane = lanes[lane - 1].clone();
                spot.index = usize::MAX;
            }
            "ArrowDown" if lane + 1 < lanes.len() => {
                spot.lane = lanes[lane + 1].clone();
                spot.index = 0;
            }
            _ => return,
        }
        spot.index = spot.index.min(self.others(&spot).len());
        self.spot.set(Some(spot));
        self.say(self.place());
        // Where the card would land is to be seen, whether it may or not.
        request_animation_frame(move || {
            let Some(scroller) = self.scroller.try_get_untracked().flatten() else { return };
            if let Ok(Some(place)) = scroller.query_selector(".card-gap, .card-refused") {
                bring_into_view(&place);
            }
        });
    }

    fn back(self) {
        if let Some(id) = self.lifted.get_untracked() {
            // The button may still be down: let go over the card, that will be a click.
            let quiet = if self.by_pointer.get_untracked() { QUIET } else { "" };
            self.let_go();
            self.say(format!("{quiet}#{id} is back where it was."));
        }
    }

    fn let_go(self) {
        self.lifted.set(None);
        self.spot.set(None);
        self.by_pointer.set(false);
    }

    /// Drops the card: shown there at once, put back if the server refuses.
    fn put_down(self) {
        let (Some(id), Some(spot)) = (self.lifted.get_untracked(), self.spot.get_untracked()) else { return };
        let pointer = self.by_pointer.get_untracked();
        let refused = self.why_not(id, &spot.lane, spot.status);
        let place = self.place();
        self.let_go();
        let quiet = if pointer { QUIET } else { "" };
        if let Some(why) = refused {
            self.say(format!("{quiet}{why}"));
            self.toaster.fail(&domain::Error::new(domain::Code::Impossible, why));
            return;
        }
        self.say(format!("{quiet}Dropped #{id}. {place}"));
        let planned = self.cards.with_untracked(|cards| {
            let before = cards.get(id).cloned();
            before.zip(cards.plan(id, &spot, self.lanes.get_untracked()))
        });
        let Some((before, (input, after))) = planned else { return };
        self.cards.update(|cards| cards.show(after));
        if !pointer {
            focus_again(id);
        }
        leptos::task::spawn_local(async move {
            match rpc::shift(input).await {
                Ok(moved) => {
                    self.filter
                        .with_value(|filter| self.cards.update(|cards| cards.take_in(moved.ticket.into(), filter)));
                    if !pointer {
                        focus_again(id);
                    }
                }
                Err(error) => {
                    self.cards.update(|cards| cards.put_back(before));
                    self.say(format!("#{id} went back. {}", error.0.message));
                    self.toaster.fail(&error.0);
                }
            }
        });
    }
}

/// Whether a point of the window is within an element.
fn holds(element: &web_sys::Element, x: f64, y: f64) -> bool {
    let frame = element.get_bounding_client_rect();
    (frame.left()..frame.right()).contains(&x) && (frame.top()..frame.bottom()).contains(&y)
}

/// The elements inside of another one that a selector means.
pub fn all(within: &web_sys::Element, selector: &str) -> impl Iterator<Item = web_sys::Element> {
    let found = within.query_selector_all(selector).ok();
    let count = found.as_ref().map_or(0, web_sys::NodeList::length);
    (0..count).filter_map(move |n| found.as_ref()?.get(n)?.dyn_into().ok())
}

/// The card on which, or on a part of which, something happened.
pub fn card_of(event: &web_sys::Event) -> Option<TicketId> {
    let element = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    element.closest(".card[id]").ok()??.id().strip_prefix("card-")?.parse().ok().map(TicketId)
}

/// The card of a ticket, as it stands in the page.
pub fn element_of(id: TicketId) -> Option<web_sys::Element> {
    document().get_element_by_id(&format!("card-{id}"))
}

/// Focuses a card that was moved by keys: in another cell, or in a newer version, it is another element.
fn focus_again(id: TicketId) {
    request_animation_frame(move || {
        if let Some(card) = element_of(id) {
            focus_card(&card);
        }
    });
}
