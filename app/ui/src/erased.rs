//! Closures of a view, behind one type each.
//!
//! Whatever Leptos does with a closure, it compiles once for each: building, hydrating now or later, updating, dropping. That
//! is one to three kilobytes of WebAssembly for a closure of one line. Behind a pointer it is there once.

use std::sync::{Arc, Mutex};

use leptos::{prelude::*, tachys::reactive_graph::SharedReactiveFunction};

/// What is shown here is made anew whenever something that `make` reads changes.
pub fn dynamic<V: IntoView + 'static>(mut make: impl FnMut() -> V + Send + 'static) -> AnyView {
    let make: SharedReactiveFunction<AnyView> = Arc::new(Mutex::new(move || make().into_any()));
    make.into_any()
}

/// The value of an attribute, a class, a style or a property that follows what `value` reads.
pub fn reactive<V: 'static>(value: impl FnMut() -> V + Send + 'static) -> SharedReactiveFunction<V> {
    Arc::new(Mutex::new(value))
}

/// What hears an event.
pub fn handler<E: 'static>(hear: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(hear)
}

/// Runs in the browser once the page is there, and again whenever something that it reads changes.
pub fn effect(run: impl FnMut() + 'static) {
    fn start(run: Box<dyn FnMut()>) {
        Effect::new(run);
    }
    start(Box::new(run));
}

/// A value worked out of others, which tells when it has really changed.
pub fn memo<V: PartialEq + Send + Sync + 'static>(value: impl Fn() -> V + Send + Sync + 'static) -> Memo<V> {
    fn start<V: PartialEq + Send + Sync + 'static>(value: Box<dyn Fn() -> V + Send + Sync>) -> Memo<V> {
        Memo::new(move |_| value())
    }
    start(Box::new(value))
}

/// What is told apart in a list by its key, and what makes the view of it.
struct Item {
    key: [i64; 3],
    make: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A list that follows what `each` reads. What has the same key as before stays in the page as it is.
pub fn list<T: Send + 'static>(
    each: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> [i64; 3],
    row: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    fn show(each: Box<dyn Fn() -> Vec<Item> + Send + Sync>) -> AnyView {
        view! { <For each key=|item| item.key children=|item: Item| (item.make)() /> }.into_any()
    }
    let row = Arc::new(row);
    show(Box::new(move || {
        let item = |value: T| {
            let row = row.clone();
            Item { key: key(&value), make: Box::new(move || row(value)) }
        };
        each().into_iter().map(item).collect()
    }))
}

/// The rows of a list that stays as it is.
pub trait Rows: IntoIterator + Sized {
    /// Shows all, one after the other.
    fn rows(self) -> AnyView
    where
        Self::Item: IntoView + 'static,
    {
        fn show(rows: Vec<AnyView>) -> AnyView {
            rows.into_any()
        }
        show(self.into_iter().map(IntoAny::into_any).collect())
    }
}

impl<I: IntoIterator> Rows for I {}

/// What is shown only sometimes.
pub trait Sometimes {
    /// What `make` makes, where this is so.
    fn shown<V: IntoView + 'static>(self, make: impl FnOnce() -> V) -> Option<AnyView>;
}

impl Sometimes for bool {
    fn shown<V: IntoView + 'static>(self, make: impl FnOnce() -> V) -> Option<AnyView> {
        self.then(|| make().into_any())
    }
}
