//! The board.

pub mod page;
pub mod rpc;
