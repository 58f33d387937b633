//! Docket's pages, their components and the server functions they call.
//!
//! The crate is compiled twice: with `ssr` for the server, which renders every page first, and with `hydrate` for the
//! browser, which takes the rendered page over. Both halves must render the same, so nothing in a view may depend on
//! the clock, on chance or on the half it runs in.

pub mod access;
pub mod accounts;
mod app;
mod attempt;
pub mod board;
mod companies;
pub mod customers;
mod dialogs;
mod erased;
mod fetched;
mod fields;
pub mod flash;
mod frame;
pub mod icons;
mod imports;
mod json;
mod kept;
mod keys;
mod lazy;
mod live;
pub mod me;
pub mod outside;
mod palette;
pub mod portal;
mod ratings;
pub mod rpc;
mod settings;
mod shared;
#[cfg(feature = "ssr")]
mod shell;
pub mod tickets;
mod type_ahead;
pub mod whose;

pub use app::App;
#[cfg(feature = "ssr")]
pub use shell::{Assets, LazyParts, shell};

#[cfg(feature = "ssr")]
pub use me::theme_cookie;
