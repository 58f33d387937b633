//! Invitations of staff.

use crate::{Role, Time};
use serde::{Deserialize, Serialize};

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Sent, and not answered yet.
    Open,
    /// Not answered in time. Sent again, it is open again.
    Expired,
    Accepted,
    Revoked,
}

impl State {
    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "Waiting for an answer",
            State::Expired => "Expired",
            State::Accepted => "Accepted",
            State::Revoked => "Revoked",
        }
    }
}

/// An invitation as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: i64,
    pub email: String,
    pub role: Role,
    /// The name of who invited.
    pub invited_by: String,
    pub sent_at: Time,
    pub expires_at: Time,
    pub state: State,
}
