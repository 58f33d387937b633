//! What is shown of data that have to be fetched first.

use leptos::prelude::*;

/// Shows `fallback` until the data have come, then what `body` makes of them. While they are fetched anew, the old ones
/// stay.
///
/// The server waits for them, in place: a [`Transition`] there would build everything in it twice, to find out what it
/// has to wait for. Both halves render the same.
pub fn awaited<Fallback, Shown, Body, Made>(fallback: Fallback, body: Body) -> AnyView
where
    Fallback: Fn() -> Shown + Send + Sync + 'static,
    Shown: IntoView + 'static,
    Body: Fn() -> Made + Send + Sync + 'static,
    Made: Future<Output = AnyView> + Send + 'static,
{
    #[cfg(feature = "ssr")]
    {
        use leptos::tachys::reactive_graph::OwnedView;
        drop(fallback);
        // The browser's boundary takes a number; what comes after it is numbered alike in both halves.
        let _ = Owner::current_shared_context().map(|context| context.next_id());
        let (owner, made) = (Owner::current().unwrap_or_default(), body());
        // What is made is written out later, and what it reads then belongs to this place in the page.
        Suspend::new(async move { OwnedView::new_with_owner(made.await, owner) }).into_any()
    }
    #[cfg(not(feature = "ssr"))]
    {
        view! { <Transition fallback=fallback>{move || Suspend::new(body())}</Transition> }.into_any()
    }
}
