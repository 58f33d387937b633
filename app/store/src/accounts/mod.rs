//! Accounts: making them, signing in and out, devices.

pub mod password;
pub mod register;
pub mod session;
pub mod sign_in;
mod throttle;

pub use register::{create_staff, is_first_run, register, set_up};
pub use session::{Session, devices, find, revoke, revoke_others, sign_out};
pub use sign_in::{sign_in, sign_in_for_token};
