//! Signing in with an account that somebody has elsewhere: the providers that vouch for people, whose accounts there are
//! connected with whom here, and who has been sent there and is awaited back.
//!
//! How a provider is asked is not known here: that is the server's. What comes in is what a provider has said, proved to come
//! from there ([`domain::outside::Vouched`]).

pub mod directories;
pub mod identities;
pub mod providers;
pub mod sign_in;
pub(crate) mod teams;
pub mod visits;
pub(crate) mod ways;
