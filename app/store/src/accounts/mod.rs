//! Accounts: making them, signing in and out, devices, and what is done by mail.

pub mod api_tokens;
pub mod device;
pub mod invitations;
pub mod letters;
pub(crate) mod link;
pub mod own;
pub mod passkeys;
pub mod password;
pub mod picture;
pub mod register;
pub mod reset;
pub mod second_factor;
pub mod session;
pub mod sign_in;
pub(crate) mod throttle;
pub mod unsent;

pub use letters::Letter;
pub use link::opened;
pub use register::{confirm, create_staff, hire, is_first_run, may_set_up, register, set_up};
pub use session::{Session, devices, find, revoke, revoke_others, sign_out};
pub use sign_in::{Proved, find_by_token, sign_in, sign_in_for_token};
