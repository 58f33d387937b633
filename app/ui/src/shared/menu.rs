use super::{
    focus_soon,
    opener::{Opener, Opening},
};
use crate::erased::{effect, handler};
use leptos::{ev, prelude::*};

/// A button that opens a menu. Children are `.menu__item` buttons.
#[component]
pub fn Menu(
    /// Class of the button.
    class: &'static str,
    /// What is chosen. Read out before what the button shows.
    #[prop(into)]
    label: String,
    #[prop(optional)] end: bool,
    #[prop(optional)] up: bool,
    /// Set from outside to open it by a key.
    #[prop(optional, into)]
    open: Option<RwSignal<bool>>,
    /// Whether what the button shows says already what is chosen.
    #[prop(optional)]
    says_it: bool,
    /// Whether something else than usual is chosen: the button stands out then.
    #[prop(optional, into)]
    chosen: Signal<bool>,
    /// What the button shows.
    button: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    let opening = Opening::new(open.unwrap_or_else(|| RwSignal::new(false)));
    let name = (!says_it).then(|| label.clone());
    let list = move || {
        let children = children.clone();
        view! { <MenuList opening label=label.clone() end up children=Box::new(move || children()) /> }
    };
    view! { <Opener opening class popup="menu" label=name chosen button list=ViewFn::from(list) /> }
}

/// The menu itself, while it is open. Arrows, Home and End move; letters jump. A choice closes it.
#[component]
pub fn MenuList(
    opening: Opening,
    #[prop(into)] label: String,
    #[prop(optional)] end: bool,
    #[prop(optional)] up: bool,
    children: Children,
) -> impl IntoView {
    let focus = |item: Option<&web_sys::HtmlElement>| {
        if let Some(item) = item {
            let _ = item.focus();
        }
    };
    effect(move || {
        focus_soon(move || {
            let all = opening.items();
            let chosen = all.iter().find(|i| i.get_attribute("aria-checked").as_deref() == Some("true"));
            chosen.or(all.first()).cloned()
        });
    });
    let keys = move |event: ev::KeyboardEvent| {
        let all = opening.items();
        let current = document().active_element();
        let place = all.iter().position(|i| Some(i.as_ref()) == current.as_ref());
        let count = all.len();
        match event.key().as_str() {
            "ArrowDown" => focus(all.get(place.map_or(0, |p| (p + 1) % count.max(1)))),
            "ArrowUp" => focus(all.get(place.map_or(0, |p| (p + count.max(1) - 1) % count.max(1)))),
            "Home" => focus(all.first()),
            "End" => focus(all.last()),
            key if key.chars().count() == 1 && key != " " && !event.ctrl_key() && !event.meta_key() => {
                let letter = lower(key);
                let from = place.map_or(0, |p| p + 1);
                let starts =
                    |i: &&web_sys::HtmlElement| lower(i.text_content().unwrap_or_default().trim()).starts_with(&letter);
                focus(all.iter().skip(from).find(starts).or_else(|| all.iter().find(starts)));
            }
            _ => return,
        }
        event.stop_propagation();
        event.prevent_default();
    };
    let class = match (end, up) {
        (true, true) => "menu menu--end menu--up",
        (true, false) => "menu menu--end",
        (false, true) => "menu menu--up",
        (false, false) => "menu",
    };
    view! {
        <div
            class=class
            role="menu"
            aria-label=label
            on:click=handler(move |_| opening.close(true))
            on:keydown=handler(keys)
        >
            {children()}
        </div>
    }
    .into_any()
}

/// In small letters, by the browser: it has the tables for that already.
fn lower(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}
