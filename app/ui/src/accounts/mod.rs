//! Signing in, registering, the first run, what is done by mail, one's own devices. Plain forms, which work without JavaScript.

mod api_tokens;
mod by_mail;
mod card;
mod credentials;
mod devices;
mod passkeys;
pub(crate) mod picture;
mod profile;
mod rpc;
mod second_step;
mod sign_in;
#[cfg(feature = "ssr")]
mod site;
mod two_step;

pub use api_tokens::ApiTokensPage;
pub use by_mail::{ConfirmAgainPage, ConfirmPage, ForgotPage, InvitationPage, MailsGo, NewAddressPage, ResetPage};
pub use card::Card;
pub use devices::{Devices, MePage};
pub use second_step::SecondStepPage;
pub use sign_in::{SetUpPage, SignInPage, SignUpPage};
#[cfg(feature = "ssr")]
pub use site::Site;
pub use two_step::TwoStepPage;
