//! The board.

pub mod drag;
mod model;
pub mod page;
pub mod rpc;
