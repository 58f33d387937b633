//! What can be done in Docket: one function per operation, on PostgreSQL.
//!
//! An operation takes a transaction, an actor and a typed input. It asks the policy, checks the rules of `domain`, and
//! writes the change and its event in the same transaction. It knows no HTTP.

pub mod access;
pub mod accounts;
pub mod bulk;
pub mod certificates;
pub mod companies;
pub mod counts;
pub mod customers;
pub mod desk;
pub mod errands;
pub mod error;
pub mod events;
pub mod fields;
pub mod imports;
pub mod jobs;
pub mod keys;
pub mod live;
pub mod mails;
pub mod migrate;
pub mod outside;
pub mod people;
pub mod ratings;
pub mod reader;
pub mod render;
pub mod retention;
pub mod scim;
pub mod seal;
pub mod secret;
pub mod settings;
pub mod sweep;
pub mod tickets;
mod tokens;
mod upload;
pub mod zones;

/// Puts an operation's future into a box. A future is compiled by each crate that awaits it as itself, with all that it awaits in
/// turn; in a box it is compiled once, here. An allocation is nothing beside a statement.
pub(crate) use async_recursion::async_recursion as compiled_here;

pub use desk::{Clock, Desk, ManualClock, Options, SESSION, SystemClock, Tx};
pub use error::OrOurs;
