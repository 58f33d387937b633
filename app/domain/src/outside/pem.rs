//! Certificates as somebody enters them. Whether they can be read is looked at by the server.

use crate::error::Problems;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// What was typed, in the form it is kept in.
pub(super) fn tidied(typed: &str) -> String {
    typed.replace("\r\n", "\n").trim().to_owned()
}

pub(super) fn count(pem: &str) -> usize {
    pem.matches(BEGIN).count()
}

/// Writes down what is not a certificate. No text at all is for who calls this to judge.
pub(super) fn check(field: &str, pem: &str, problems: &mut Problems) {
    problems.unless(
        !pem.contains("PRIVATE KEY"),
        field,
        "This is a private key. Keep it to yourself, and enter a certificate.",
    );
    problems.unless(
        pem.is_empty() || pem.contains(BEGIN),
        field,
        "Enter a certificate as PEM: it begins with -----BEGIN CERTIFICATE-----.",
    );
}
