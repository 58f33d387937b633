//! Words and rules of Docket, pure: ids, types, permissions, workflow, ranks, error codes.
//!
//! Nothing here does I/O, reads the clock or knows a database; the browser compiles the same code as the server.

pub mod access;
pub mod account;
pub mod actor;
pub mod api_token;
pub mod attachment;
pub mod board;
pub mod certificate;
pub mod channel;
pub mod company;
pub mod customer;
pub mod errand;
pub mod error;
pub mod event;
pub mod fields;
pub mod ids;
pub mod import;
pub mod invitation;
pub mod language;
pub mod letter;
pub mod live;
pub mod mail;
pub mod outside;
pub mod page;
pub mod passkey;
pub mod people;
pub mod picture;
pub mod policy;
pub mod priority;
pub mod profile;
pub mod quoted;
pub mod rank;
pub mod rating;
pub mod remote_images;
pub mod retention;
pub mod scim;
pub mod search;
pub mod second_factor;
pub mod security_log;
pub mod styles;
pub mod tag;
pub mod text;
pub mod ticket;
pub mod time;
pub mod timeline;
pub mod workflow;
pub mod zone;

pub use actor::{Actor, Principal, Role};
pub use error::{Code, Error, FieldError, Result};
pub use ids::*;
pub use time::Time;
