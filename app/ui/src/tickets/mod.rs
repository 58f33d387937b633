//! Tickets for staff: the list, a ticket, a new one, search.

pub mod attachments;
pub mod composer;
pub mod conversation;
mod drafts;
mod editor;
pub mod entry;
pub mod filters;
mod head;
pub mod history;
pub mod inbox;
pub mod list;
mod mail_frame;
mod markdown;
pub mod new;
pub mod page;
mod properties;
pub mod rpc;
pub mod search;
mod staff;
mod state;
pub mod timeline;
pub mod uploads;
pub mod work;
