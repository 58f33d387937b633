//! What is shown of data that have to be fetched first.

use std::pin::Pin;

use leptos::prelude::*;

/// Shows `fallback` until the data have come, then what `body` makes of them. While they are fetched anew, the old ones
/// stay.
///
/// On the server a page is made once, so `body` runs once there: given as a closure it would run three times, each time
/// building everything in it. Both halves render the same.
pub fn awaited<Fallback, Shown, Body, Made>(fallback: Fallback, body: Body) -> AnyView
where
    Fallback: Fn() -> Shown + Send + Sync + 'static,
    Shown: IntoView + 'static,
    Body: Fn() -> Made + Send + Sync + 'static,
    Made: Future<Output = AnyView> + Send + 'static,
{
    show(Box::new(move || fallback().into_any()), Box::new(move || Box::pin(body())))
}

/// The same for everybody, and therefore only once in the module.
fn show(
    fallback: Box<dyn Fn() -> AnyView + Send + Sync>,
    body: Box<dyn Fn() -> Pin<Box<dyn Future<Output = AnyView> + Send>> + Send + Sync>,
) -> AnyView {
    #[cfg(feature = "ssr")]
    {
        view! { <Transition fallback=fallback>{Suspend::new(body())}</Transition> }.into_any()
    }
    #[cfg(not(feature = "ssr"))]
    {
        let pending = RwSignal::new(false);
        tell(pending);
        view! { <Transition fallback=fallback set_pending=pending>{move || Suspend::new(body())}</Transition> }
            .into_any()
    }
}

/// While anything is being fetched, `<html>` says so: where old data stay meanwhile, nothing else would show it.
#[cfg(not(feature = "ssr"))]
fn tell(pending: RwSignal<bool>) {
    use std::cell::Cell;

    thread_local! {
        static WAITED_FOR: Cell<u32> = const { Cell::new(0) };
    }
    fn count(change: impl FnOnce(u32) -> u32) {
        let now = change(WAITED_FOR.get());
        WAITED_FOR.set(now);
        if let Some(root) = document().document_element() {
            // Setting an attribute with a valid constant name cannot fail.
            let _ = root.toggle_attribute_with_force("data-pending", now > 0);
        }
    }
    crate::erased::effect(move || {
        if pending.get() {
            count(|n| n + 1);
            on_cleanup(|| count(|n| n.saturating_sub(1)));
        }
    });
}
