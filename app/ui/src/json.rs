//! JSON: what travels between the two halves, over the network and inside of pages.
//!
//! The browser reads JSON itself, faster than we could; what is left to us is to make our types of its objects. A reader of
//! text in the module would be a tenth of what every visitor loads, most of it for finding the fields of each type by their
//! names in any order.

use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use serde::{Serialize, de::DeserializeOwned};

#[cfg(not(feature = "ssr"))]
mod object;

#[cfg(not(feature = "ssr"))]
pub use object::Unreadable;
/// A text that is not what was expected.
#[cfg(feature = "ssr")]
pub type Unreadable = serde_json::Error;

/// Reads a value from its text.
///
/// # Errors
/// When the text is not JSON, or not of this type.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    #[cfg(feature = "ssr")]
    {
        serde_json::from_str(text)
    }
    #[cfg(not(feature = "ssr"))]
    {
        object::read(text)
    }
}

/// How values are written into pages.
#[derive(Debug)]
pub struct InPage;

impl<T: Serialize> Encoder<T> for InPage {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for InPage {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        read(text)
    }
}

/// A value that the server writes into the page and the browser reads from there.
pub fn shared<T: Serialize + DeserializeOwned>(value: impl FnOnce() -> T) -> T {
    SharedValue::<T, InPage>::new_with_encoding(value).into_inner()
}
