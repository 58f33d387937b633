//! Invitations of staff.

use crate::{Time, access::RoleChoice};
use serde::{Deserialize, Serialize};

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Sent, and not answered yet.
    Open,
    /// Not answered in time. Sent again, it is open again.
    Expired,
    /// Its role was deleted before it was answered: it cannot be accepted, nor sent again.
    RoleGone,
    Accepted,
    Revoked,
}

impl State {
    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "Waiting for an answer",
            State::Expired => "Expired",
            State::RoleGone => "Its role is deleted",
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
    pub role: RoleChoice,
    /// The name of the role, also of one that is not there any more.
    pub role_name: String,
    /// The names of the teams that they come into.
    pub teams: Vec<String>,
    /// The name of who invited.
    pub invited_by: String,
    pub sent_at: Time,
    pub expires_at: Time,
    pub state: State,
    /// Whether whoever looks at it may hand out what it gives, and so send it again or take it back.
    pub may_change: bool,
}
