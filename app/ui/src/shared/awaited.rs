//! What is shown of data that have to be fetched first.

use super::ErrorNotice;
use crate::{fetched::Fetched, rpc::RpcError};
use serde::de::DeserializeOwned;
use std::{pin::Pin, sync::Arc};

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos::{
    attr::Attribute,
    tachys::{
        html::attribute::any_attribute::AnyAttribute,
        hydration::Cursor,
        ssr::StreamBuilder,
        view::{Position, PositionState, Render, add_attr::AddAnyAttr},
    },
};

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

/// [`awaited`] for one thing: what `shown` makes of it once it has come, or what went wrong, with a way to try again.
pub fn fetched<T: Clone + DeserializeOwned + Send + Sync + 'static>(
    fallback: fn() -> AnyView,
    found: Fetched<T>,
    shown: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let shown = Arc::new(shown);
    awaited(fallback, move || {
        let shown = shown.clone();
        async move {
            match found.await {
                Ok(found) => shown(found),
                Err(error) => unread(error, move || found.refetch()),
            }
        }
    })
}

/// In the place of what could not be read.
pub fn unread(error: RpcError, again: impl Fn() + Send + Sync + 'static) -> AnyView {
    let retry = Callback::new(move |()| again());
    view! { <ErrorNotice error=error.0 retry /> }.into_any()
}

/// The same for everybody, and therefore only once in the module.
fn show(
    fallback: Box<dyn Fn() -> AnyView + Send + Sync>,
    body: Box<dyn Fn() -> Pin<Box<dyn Future<Output = AnyView> + Send>> + Send + Sync>,
) -> AnyView {
    #[cfg(feature = "ssr")]
    {
        let body = body();
        view! { <Transition fallback=fallback>{Suspend::new(async move { Built(body.await) })}</Transition> }.into_any()
    }
    #[cfg(not(feature = "ssr"))]
    {
        let pending = RwSignal::new(false);
        tell(pending);
        view! { <Transition fallback=fallback set_pending=pending>{move || Suspend::new(body())}</Transition> }
            .into_any()
    }
}

/// A view that is complete: whatever in it waits has a boundary of its own.
///
/// Leptos walks through what a boundary has waited for once before it renders it, in search of resources that are read
/// there without waiting. None are, and the walk is an eighth of what a page costs.
#[cfg(feature = "ssr")]
struct Built(AnyView);

#[cfg(feature = "ssr")]
impl Render for Built {
    type State = <AnyView as Render>::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

#[cfg(feature = "ssr")]
impl AddAnyAttr for Built {
    type Output<New: Attribute> = Self;

    fn add_any_attr<New: Attribute>(self, attr: New) -> Self
    where
        Self: RenderHtml,
    {
        Self(self.0.add_any_attr(attr).into_any())
    }
}

#[cfg(feature = "ssr")]
impl RenderHtml for Built {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = AnyView::MIN_LENGTH;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        Self(self.0.resolve().await.into_any())
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        attributes: Vec<AnyAttribute>,
    ) {
        self.0.to_html_with_buf(buf, position, escape, mark_branches, attributes);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        attributes: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, attributes);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
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
