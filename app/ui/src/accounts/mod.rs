//! Signing in, registering, the first run, what is done by mail, one's own devices. Plain forms, which work without JavaScript.

mod by_mail;
mod card;
mod devices;
mod profile;
mod rpc;
mod sign_in;

pub use by_mail::{ConfirmAgainPage, ConfirmPage, ForgotPage, InvitationPage, MailsGo, NewAddressPage, ResetPage};
pub use devices::{Devices, MePage};
pub use sign_in::{SetUpPage, SignInPage, SignUpPage};
