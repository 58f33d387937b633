//! Signing in with an account that somebody has elsewhere: the buttons, one's own connected accounts, and the settings.

mod buttons;
mod connected;
mod directory;
mod form;
mod list;
mod rpc;

pub use buttons::{CompanySignInPage, OtherWays};
pub use connected::ConnectedAccounts;
pub use form::ProviderPage;
pub use list::ProvidersPage;

/// The address that providers send people back to. The router provides it: it is entered there.
#[derive(Clone, Debug)]
pub struct BackAddress(pub String);
