//! Ids as types of their own, so that a user's id cannot be passed where a ticket's is wanted.

use serde::{Deserialize, Serialize};
use std::{fmt, num::ParseIntError, str::FromStr};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A person with an account, or one we only know by e-mail address.
    UserId,
    /// A customer's company.
    CompanyId,
    /// A ticket. This is the number that people see and say: `#1042`.
    TicketId,
    /// One event of the spine; a message has the id of the event that brought it.
    EventId,
    /// A file on a ticket.
    AttachmentId,
    /// A tag.
    TagId,
    /// A signed-in device.
    SessionId,
    /// A state of the workflow.
    StatusId,
    /// A mail as it came in.
    MailId,
    /// A custom role.
    RoleId,
    /// A team of staff.
    TeamId,
    /// A file of customers or companies that is brought in.
    ImportId,
    /// What is done to very many tickets, batch by batch.
    ErrandId,
    /// What is known of one person, as a file.
    ExportId,
    /// Who vouches for people that sign in with an account elsewhere.
    ProviderId,
    /// Somebody's account elsewhere.
    IdentityId,
    /// A token of the API that somebody has made for a program.
    ApiTokenId,
    /// A key on a device of somebody, for signing in.
    PasskeyId,
    /// A group of people that a provider has announced.
    GroupId,
    /// A custom field.
    FieldId,
    /// One of the values that a custom field is chosen from.
    ChoiceId,
}
