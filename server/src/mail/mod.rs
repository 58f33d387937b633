//! Mail: what comes in, understood.

mod charset;
mod folder;
pub mod import;
mod nesting;
mod parse;

pub use parse::{looks_like_mail, parse};
