//! Signing in, registering, the first run, one's own devices. Plain forms, which work without JavaScript.

mod devices;
mod rpc;
mod sign_in;

pub use devices::{Devices, MePage};
pub use sign_in::{SetUpPage, SignInPage, SignUpPage};
