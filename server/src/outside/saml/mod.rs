//! Stands in for what reads, checks and sends SAML until that is here.

use domain::outside::{Trial, Usable};

/// What a provider says about itself: its name (entity ID), where people are sent, and what it signs with, as PEM.
pub fn read_metadata(_xml: &str) -> Result<(String, String, String), String> {
    Err("This cannot be read yet.".to_owned())
}

/// Whether all of these certificates can be read.
pub fn check_certificates(_pem: &str) -> Result<(), String> {
    Err("This cannot be read yet.".to_owned())
}

/// Looks whether people can be sent to a provider, and would be believed.
pub fn trial(_provider: &Usable, _now: domain::Time) -> Trial {
    Trial { good: Vec::new(), bad: vec!["This cannot be tried yet.".to_owned()] }
}
