//! Tickets for staff: the list, a ticket, a new one, search.

pub mod inbox;
pub mod list;
pub mod new;
pub mod page;
pub mod rpc;
pub mod search;
