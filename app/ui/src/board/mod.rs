//! The board.

mod card;
pub mod drag;
mod model;
pub mod page;
pub mod rpc;
mod walk;
