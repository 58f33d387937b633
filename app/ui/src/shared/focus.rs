//! Focus is never lost: what replaces or removes the focused element says where the focus goes on.

use crate::erased::effect;
use crate::me;
use leptos::{prelude::*, task};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// How often the executor gets its turn until a change of a signal has reached the page: an effect, the signal that it
/// sets, the part of the page that depends on it.
const TURNS: u32 = 12;

/// Waits until what has just been changed stands in the page. All before the browser hands out its next event, so no
/// key comes between.
pub async fn settled() {
    for _ in 0..TURNS {
        task::tick().await;
    }
}

/// Focuses an element once it stands in the page, before the next key is handed out.
pub fn focus_soon(find: impl Fn() -> Option<HtmlElement> + 'static) {
    task::spawn_local(async move {
        settled().await;
        if let Some(element) = find() {
            let _ = element.focus();
        }
    });
}

/// Scrolls no further than it takes to see an element whole.
pub fn bring_into_view(element: &Element) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Makes a change that may put the focused item of a list into the page anew, and then focuses its successor: the item
/// with the same id, or the link in it.
pub fn keep_focus(change: impl FnOnce()) {
    let item = document().active_element().and_then(|e| Some((e.closest("li[id]").ok()??, e)));
    let held = item.map(|(item, focused)| (item.id(), item == focused));
    change();
    let Some((id, whole)) = held else { return };
    task::spawn_local(async move {
        settled().await;
        if !is_lost() {
            return;
        }
        let item = document().get_element_by_id(&id);
        let target = if whole { item } else { item.and_then(|i| i.query_selector("a").ok().flatten()) };
        focus(target);
    });
}

/// For a button that goes away when it is pressed: focuses the first of `selector` within what holds them both.
pub fn hand_on(button: &web_sys::Event, holder: &str, selector: &str) {
    let button = button.current_target().and_then(|t| t.dyn_into::<Element>().ok());
    let holder = button.and_then(|b| b.closest(holder).ok().flatten());
    focus(holder.and_then(|h| h.query_selector(selector).ok().flatten()));
}

/// Whether nothing has the focus: what had it is gone.
pub fn is_lost() -> bool {
    document().active_element().is_none_or(|e| e.tag_name() == "BODY")
}

/// For a page in the making: if it comes in place of another one, and the focus has gone with that, it goes on here. The
/// first page of a visit is left to the browser.
pub fn focus_page() {
    if !me::taken_over().get_untracked() {
        return;
    }
    effect(|| {
        task::spawn_local(async {
            settled().await;
            if is_lost() {
                focus_main();
            }
        });
    });
}

/// Focuses what is read on this page: the conversation, the board, or else all of it.
pub fn focus_main() {
    let main = document().get_element_by_id("main");
    let region = main.as_ref().and_then(|m| m.query_selector("[role=region][tabindex='0']").ok().flatten());
    focus(region.or(main));
}

fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
