//! What travels over the websocket. One socket a tab; topics are subscribed and left as pages come and go.

use crate::{TicketId, UserId, event::Position, ticket::Ticket, timeline::Entry};
use serde::{Deserialize, Serialize};

/// What can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// One ticket: its entries, its properties, who is looking.
    Ticket(TicketId),
    /// Every change of every ticket that this actor may see, as the ticket's summary.
    Tickets,
    /// The numbers beside the places of the rail, for who may see the queues. They are told as they are now, whatever the
    /// position.
    Counts,
}

/// How many tickets wait, in all and for one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Open, in progress or waiting.
    pub active: i64,
    /// Of those, mine.
    pub mine: i64,
    /// Of those, nobody's.
    pub unassigned: i64,
}

/// From the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToServer {
    /// Follow a topic from a position on: what happened since is sent first, in order, once.
    Follow {
        topic: Topic,
        since: Position,
    },
    Leave {
        topic: Topic,
    },
    /// This person is writing an answer on the ticket (sent again every few seconds while it is so).
    Typing {
        ticket: TicketId,
    },
    /// The same for an internal note: colleagues are told, customers are not.
    TypingNote {
        ticket: TicketId,
    },
}

/// To the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToBrowser {
    /// A new entry of a followed ticket.
    Entry { ticket: TicketId, entry: Entry, position: Position },
    /// A ticket as it is now.
    Ticket { ticket: Ticket, position: Position },
    /// Who else looks at a followed ticket right now.
    Presence { ticket: TicketId, people: Vec<Looking> },
    /// The numbers of the person who is told.
    Counts(Counts),
    /// The server cannot reach its database, or can again. Nothing is missed meanwhile: it comes when it can be read.
    Database { away: bool },
    /// Too much happened since the position: read the page again.
    Reset { topic: Topic },
    /// Not there, or not for this actor.
    Refused { topic: Topic },
    /// The topic is followed, and everything since the given position has been sent.
    Following { topic: Topic, position: Position },
}

/// Somebody who looks at a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looking {
    pub id: UserId,
    pub name: String,
    /// The number of the picture of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<i64>,
    pub typing: bool,
    pub staff: bool,
}

/// How long after the last [`ToServer::Typing`] somebody still counts as writing, in milliseconds.
pub const TYPING_MS: i64 = 6_000;
/// The most events that are sent after a gap; past this the page is read again.
pub const CATCH_UP_MAX: i64 = 500;
/// The most people that are named as looking at one ticket.
pub const LOOKING_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire() {
        let follow = ToServer::Follow { topic: Topic::Ticket(TicketId(7)), since: Position { transaction: 3, id: 4 } };
        let json = serde_json::to_string(&follow).expect("json");
        assert_eq!(json, r#"{"follow":{"topic":{"ticket":7},"since":{"transaction":3,"id":4}}}"#);
        assert_eq!(serde_json::from_str::<ToServer>(&json).expect("back"), follow);
        assert!(serde_json::from_str::<ToServer>(r#"{"nonsense":{}}"#).is_err());
    }
}
