//! Settings of the whole desk, for superadmins. Plain forms: each is sent to the address of its page.

mod board;
mod frame;
mod mails;
mod priority;
mod rpc;

pub use board::BoardSettings;
pub use frame::{SettingsFrame, SettingsPage, SettingsStart, loading, may_any};
pub use mails::QuarantinePage;
pub use priority::PrioritySettings;
