//! Signing in with an account that somebody has elsewhere: the buttons, one's own connected accounts, and the settings.

mod announce;
mod buttons;
mod connected;
mod directory;
mod form;
mod list;
mod rpc;
mod saml;

pub use buttons::{CompanySignInPage, OtherWays};
pub use connected::ConnectedAccounts;
pub use form::ProviderPage;
pub use list::ProvidersPage;

/// What has to be entered at providers. The router provides it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Addresses {
    /// Where they send people back to.
    pub back: String,
    /// Where they announce people.
    pub scim: String,
    /// Where providers of SAML send their answers, and below which each finds, by its number, what Docket says about itself.
    pub saml: String,
}
