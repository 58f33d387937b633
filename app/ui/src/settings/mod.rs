//! Settings of the whole desk, for superadmins. Plain forms: each is sent to the address of its page.

mod board;
mod frame;
mod https;
mod invitations;
mod mails;
mod priority;
mod retention;
mod rpc;
mod satisfaction;
mod second_factor;
mod unsent;

pub use board::BoardSettings;
pub use frame::{SettingsFrame, SettingsPage, SettingsStart, loading, may_any, page_of};
pub use https::HttpsSettings;
pub use invitations::InvitationsPage;
pub use mails::QuarantinePage;
pub use priority::PrioritySettings;
pub use retention::RetentionSettings;
pub use satisfaction::SatisfactionSettings;
pub use second_factor::SecondFactorSettings;
