//! Keys for everything an agent does in a day: single letters, `g` and a letter to go.

use crate::erased::{dynamic, effect};
use crate::{
    icons::Icon,
    me,
    type_ahead::{self, Awaited},
};
use domain::TicketId;
use leptos::{ev, prelude::*};
use leptos_router::hooks::{use_location, use_navigate};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsCast;

/// What a key means. Pages listen to those that concern them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Next,
    Previous,
    Open,
    Reply,
    Note,
    Assign,
    Status,
    Urgency,
    Importance,
    Tag,
    Resolve,
    /// Assign to oneself.
    Take,
    Watch,
    CopyLink,
}

/// The ticket that is open, as far as the palette has to know it.
#[derive(Clone, Copy)]
pub struct Here {
    pub id: TicketId,
    pub watching: Signal<bool>,
    /// Whether it is this person's already.
    pub mine: Signal<bool>,
}

/// Key, command, what the sheet says.
pub const KEYS: &[(&str, Command, &str)] = &[
    ("j", Command::Next, "Next ticket"),
    ("k", Command::Previous, "Previous ticket"),
    ("Enter", Command::Open, "Open ticket"),
    ("r", Command::Reply, "Reply"),
    ("n", Command::Note, "Internal note"),
    ("a", Command::Assign, "Assign"),
    ("s", Command::Status, "Status"),
    ("u", Command::Urgency, "Urgency"),
    ("i", Command::Importance, "Importance"),
    ("#", Command::Tag, "Tags"),
    ("e", Command::Resolve, "Resolve"),
];

/// A place to go to: its key after `g`, address, name and icon.
pub type Place = (&'static str, &'static str, &'static str, Icon);

const PLACES: &[Place] = &[
    ("i", "/tickets", "Inbox", Icon::Inbox),
    ("m", "/tickets?assignee=me", "Assigned to me", Icon::User),
    ("u", "/tickets?assignee=none", "Unassigned", Icon::Unassigned),
    ("b", "/board", "Board", Icon::Board),
    ("n", "/new", "New ticket", Icon::CirclePlus),
    ("s", "/search", "Search", Icon::Search),
    ("c", "/customers", "Customers", Icon::Users),
    ("o", "/companies", "Companies", Icon::Building),
    ("p", "/me", "Profile and devices", Icon::User),
    ("t", "/settings", "Settings", Icon::Settings),
];

/// Where this person can go.
pub fn places() -> impl Iterator<Item = &'static Place> {
    let all = crate::settings::may_any(&me::start());
    PLACES.iter().filter(move |(_, to, ..)| all || !to.starts_with("/settings"))
}

/// What has been pressed, and which dialogs are open.
#[derive(Clone, Copy)]
pub struct Keys {
    /// The last command and a number, so that the same one twice is seen twice.
    pressed: RwSignal<Option<(Command, u32)>>,
    pub palette: RwSignal<bool>,
    pub sheet: RwSignal<bool>,
    /// The ticket that commands are about.
    pub here: RwSignal<Option<Here>>,
}

impl Keys {
    /// Gives a command as its key does.
    pub fn press(self, command: Command) {
        let n = self.pressed.with_untracked(|p| p.map_or(0, |(_, n)| n.wrapping_add(1)));
        self.pressed.set(Some((command, n)));
    }
}

/// Says that a ticket is open, until the calling component goes away.
pub fn open_here(here: Here) {
    let keys: Keys = expect_context();
    effect(move || {
        keys.here.set(Some(here));
        on_cleanup(move || {
            // The next one may be there already.
            keys.here.try_update(|now| {
                if now.is_some_and(|now| now.id == here.id) {
                    *now = None;
                }
            });
        });
    });
}

/// Listens to the keyboard, below the frame.
pub fn provide_keys() {
    let keys = Keys {
        pressed: RwSignal::new(None),
        palette: RwSignal::new(false),
        sheet: RwSignal::new(false),
        here: RwSignal::new(None),
    };
    provide_context(keys);
    let go = go();
    let going = Rc::new(Cell::new(false));
    let places: Vec<&Place> = places().collect();
    effect(move || {
        let (go, going, places) = (go.clone(), going.clone(), places.clone());
        let handle = window_event_listener(ev::keydown, move |event| {
            let key = event.key();
            hide_tips(key == "Escape");
            if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
                event.prevent_default();
                show_palette(keys);
                return;
            }
            if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
                return;
            }
            if type_ahead::keep(&event) {
                event.prevent_default();
                return;
            }
            if is_typing(&event) {
                return;
            }
            if going.replace(false) {
                if let Some((_, to, ..)) = places.iter().find(|(k, ..)| *k == key) {
                    event.prevent_default();
                    go(to);
                }
                return;
            }
            match key.as_str() {
                "g" => going.set(true),
                "/" => {
                    event.prevent_default();
                    go("/search");
                }
                "?" => keys.sheet.set(true),
                _ => {
                    // Enter on a link or button is that element's own.
                    if key == "Enter" && is_on_control(&event) {
                        return;
                    }
                    if let Some((_, command, _)) = KEYS.iter().find(|(k, ..)| *k == key) {
                        // A letter must not end up in the field that it focuses.
                        event.prevent_default();
                        keys.press(*command);
                    }
                }
            }
        });
        // Whoever takes the mouse does not wait for the page any more.
        let turned = window_event_listener(ev::pointerdown, |_| type_ahead::forget());
        on_cleanup(move || {
            handle.remove();
            turned.remove();
        });
    });
}

/// Goes to a page by a key. Where something is written there, what is typed before it has come is kept for it.
pub fn go() -> impl Fn(&str) + Clone {
    let navigate = use_navigate();
    let location = use_location();
    move |to| {
        let path = to.split('?').next().unwrap_or(to);
        let here = location.pathname.with_untracked(|p| p == path);
        if here && to == "/search" {
            let field = document().query_selector("main input[type=search]").ok().flatten();
            if let Some(field) = field.and_then(|f| f.dyn_into::<web_sys::HtmlInputElement>().ok()) {
                let _ = field.focus();
                field.select();
            }
            return;
        }
        if !here && let Some(awaited) = Awaited::at(path) {
            type_ahead::wait(awaited);
        }
        navigate(to, Default::default());
    }
}

fn element(event: &ev::KeyboardEvent) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

fn is_typing(event: &ev::KeyboardEvent) -> bool {
    element(event).is_some_and(|e| {
        e.closest("input, textarea, select, [contenteditable=true], [role=menu], dialog").ok().flatten().is_some()
    })
}

fn is_on_control(event: &ev::KeyboardEvent) -> bool {
    element(event).is_some_and(|e| e.closest("a, button, summary").ok().flatten().is_some())
}

/// Escape puts the help away that a control shows while it is pointed at; the next key lets it come again.
fn hide_tips(hide: bool) {
    let Some(root) = document().document_element() else { return };
    if hide != root.has_attribute("data-no-tips") {
        // Setting an attribute with a valid constant name cannot fail.
        let _ = root.toggle_attribute("data-no-tips");
    }
}

/// Calls `on` for each command from the keyboard, until the component goes away.
pub fn on_command(on: impl Fn(Command) + 'static) {
    let Keys { pressed, .. } = expect_context();
    Effect::new(move |before: Option<Option<(Command, u32)>>| {
        let now = pressed.get();
        if let (Some(before), Some((command, _))) = (before, now)
            && before != now
        {
            untrack(|| on(command));
        }
        now
    });
}

pub fn open_palette() {
    show_palette(expect_context());
}

/// Opens the palette. The first time it has to be fetched: what is typed meanwhile is kept for it.
fn show_palette(keys: Keys) {
    if document().query_selector("dialog.palette").ok().flatten().is_none() {
        type_ahead::wait(Awaited::Palette);
    }
    keys.palette.set(true);
}

pub fn open_shortcuts() {
    expect_context::<Keys>().sheet.set(true);
}

/// The palette and the sheet, each from when it is first asked for. What they are made of is fetched then.
#[component]
pub fn Dialogs() -> impl IntoView {
    let keys: Keys = expect_context();
    let once = |open: RwSignal<bool>| Memo::new(move |was: Option<&bool>| was == Some(&true) || open.get());
    let (palette, sheet) = (once(keys.palette), once(keys.sheet));
    view! {
        {dynamic(move || palette.get().then(|| Suspend::new(crate::lazy::palette())))}
        {dynamic(move || sheet.get().then(|| Suspend::new(crate::lazy::shortcuts())))}
    }
    .into_any()
}
