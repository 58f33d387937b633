//! The board.

mod card;
mod cell;
pub mod drag;
mod model;
pub mod page;
pub mod rpc;
mod walk;
