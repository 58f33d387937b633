//! What a page shows: fetched by the server before it sends the page, and again by the browser when what it depends on
//! changes.
//!
//! Leptos compiles all that makes a resource follow its source, wait, tell and travel inside the page once for each type, in
//! both halves: a tenth of the server's pages and of the module. Behind a pointer it is there once, and what is written for
//! each type is only how it becomes text on the server, and is read from it in the browser.

use crate::rpc::Rpc;
#[cfg(not(feature = "ssr"))]
use crate::{json, rpc::RpcError};
use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use serde::{Serialize, de::DeserializeOwned};
#[cfg(not(feature = "ssr"))]
use server_fn::error::{FromServerFnError, ServerFnErrorErr};
#[cfg(not(feature = "ssr"))]
use std::sync::OnceLock;
use std::{any::Any, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

type Anything = Arc<dyn Any + Send + Sync>;
type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Fetches what depends on `source`, which may be read as often as one likes.
pub fn resource<S, T, Answer>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> Answer + Send + Sync + 'static,
) -> Fetched<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    Answer: Future<Output = Rpc<T>> + Send + 'static,
{
    let source = Box::new(move || Source::of(source()));
    let fetch = Box::new(move |source: Source| -> Later<Parcel> {
        match source.value.downcast_ref::<S>() {
            Some(source) => {
                let answer = fetch(source.clone());
                Box::pin(async move { Parcel::of(answer.await) })
            }
            None => unreachable!("a source is of the type that its resource was made with"),
        }
    });
    Fetched { parcel: start(source, fetch), of: PhantomData }
}

fn start(
    source: Box<dyn Fn() -> Source + Send + Sync>,
    fetch: Box<dyn Fn(Source) -> Later<Parcel> + Send + Sync>,
) -> Resource<Parcel, InPage> {
    Resource::new_with_options(source, fetch, true)
}

/// What is fetched, now and whenever its source changes. To be awaited within [`crate::shared::awaited`].
#[derive(Debug)]
pub struct Fetched<T> {
    parcel: Resource<Parcel, InPage>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Fetched<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Fetched<T> {}

impl<T: DeserializeOwned + Clone + Send + Sync + 'static> Fetched<T> {
    /// Fetches it anew. What was there stays until then.
    pub fn refetch(&self) {
        self.parcel.refetch();
    }
}

impl<T: DeserializeOwned + Clone + Send + Sync + 'static> IntoFuture for Fetched<T> {
    type Output = Rpc<T>;
    type IntoFuture = Later<Rpc<T>>;

    fn into_future(self) -> Later<Rpc<T>> {
        Box::pin(async move { self.parcel.await.open() })
    }
}

/// What a resource depends on.
#[derive(Clone)]
struct Source {
    value: Anything,
    same: fn(&Anything, &Anything) -> bool,
}

impl Source {
    fn of<S: PartialEq + Send + Sync + 'static>(value: S) -> Self {
        Self { value: Arc::new(value), same: |one, other| one.downcast_ref::<S>() == other.downcast_ref::<S>() }
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        (self.same)(&self.value, &other.value)
    }
}

/// What has been fetched, whatever it is.
#[cfg(feature = "ssr")]
#[derive(Clone)]
struct Parcel {
    value: Anything,
    write: fn(&Anything) -> Result<String, serde_json::Error>,
}

/// What has been fetched, whatever it is.
#[cfg(not(feature = "ssr"))]
#[derive(Clone)]
enum Parcel {
    Fetched(Anything),
    /// As the server has written it into the page, and what was read of that at the first look.
    InPage(Arc<(String, OnceLock<Anything>)>),
}

impl Parcel {
    fn of<T: Serialize + Send + Sync + 'static>(value: Rpc<T>) -> Self {
        let value = Arc::new(value);
        #[cfg(feature = "ssr")]
        {
            Self { value, write: |value| serde_json::to_string(&value.downcast_ref::<Rpc<T>>()) }
        }
        #[cfg(not(feature = "ssr"))]
        {
            Self::Fetched(value)
        }
    }

    fn open<T: DeserializeOwned + Clone + Send + Sync + 'static>(&self) -> Rpc<T> {
        #[cfg(feature = "ssr")]
        let value = &self.value;
        #[cfg(not(feature = "ssr"))]
        let value = match self {
            Self::Fetched(value) => value,
            Self::InPage(page) => page.1.get_or_init(|| {
                let unread = |_| Err(RpcError::from_server_fn_error(ServerFnErrorErr::Deserialization(String::new())));
                Arc::new(json::read::<Rpc<T>>(&page.0).unwrap_or_else(unread))
            }),
        };
        match value.downcast_ref::<Rpc<T>>() {
            Some(value) => value.clone(),
            None => unreachable!("a parcel is opened by whom it was packed for"),
        }
    }
}

/// How parcels travel in pages.
#[derive(Debug)]
struct InPage;

impl Encoder<Parcel> for InPage {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(parcel: &Parcel) -> Result<String, Self::Error> {
        #[cfg(feature = "ssr")]
        {
            (parcel.write)(&parcel.value)
        }
        // Browsers write no pages.
        #[cfg(not(feature = "ssr"))]
        {
            let _ = parcel;
            Ok(String::new())
        }
    }
}

impl Decoder<Parcel> for InPage {
    type Error = std::fmt::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<Parcel, Self::Error> {
        #[cfg(not(feature = "ssr"))]
        {
            Ok(Parcel::InPage(Arc::new((text.to_owned(), OnceLock::new()))))
        }
        // The server reads no pages.
        #[cfg(feature = "ssr")]
        {
            let _ = text;
            Err(std::fmt::Error)
        }
    }
}
