//! The board.

pub mod model;
pub mod page;
pub mod rpc;
