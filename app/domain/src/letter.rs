//! Links that Docket sends by mail. Who opens one has proved to read what comes to the address.

use serde::{Deserialize, Serialize};

/// What a link is for. Each has a page of its own, and no link fits the page of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To prove the address that somebody has registered with.
    Register,
    /// To choose a new password.
    Reset,
    /// To prove the new address of an account.
    NewAddress,
    /// To become staff.
    Invitation,
    /// To say how a ticket was solved. It proves nothing else.
    Rating,
}

impl Purpose {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Register => "register",
            Purpose::Reset => "reset",
            Purpose::NewAddress => "new_address",
            Purpose::Invitation => "invitation",
            Purpose::Rating => "rating",
        }
    }

    /// The page that takes the link, without a slash at its end.
    pub fn page(self) -> &'static str {
        match self {
            Purpose::Register => "/confirm",
            Purpose::Reset => "/reset",
            Purpose::NewAddress => "/new-address",
            Purpose::Invitation => "/invitation",
            Purpose::Rating => "/rate",
        }
    }

    /// How long a link is good, in milliseconds.
    pub fn lifetime(self) -> i64 {
        const HOUR: i64 = 3_600_000;
        match self {
            Purpose::Reset => HOUR,
            Purpose::Register | Purpose::NewAddress => 24 * HOUR,
            Purpose::Invitation => 7 * 24 * HOUR,
            Purpose::Rating => crate::rating::OPEN_DAYS * 24 * HOUR,
        }
    }
}

/// What a page shows of the link that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The address that the link was sent to.
    pub email: String,
    /// Of an invitation: the name of the role.
    pub role: Option<String>,
}
