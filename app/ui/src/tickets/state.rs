//! What the page of one ticket knows, shared by its parts. It survives whatever colleagues do to the ticket meanwhile.

use super::{conversation::Conversation, rpc};
use crate::erased::effect;
use crate::{
    live::{Live, live},
    me,
    shared::{Toaster, toaster},
};
use domain::{
    Code, Error, EventId, TicketId, UserId,
    event::Position,
    live::{Looking, ToBrowser, Topic},
    tag::Tag,
    ticket::{Change, Ticket, Writing},
    timeline::{Entry, Part, TicketView},
    workflow::Workflow,
};
use leptos::{prelude::*, task::spawn_local};

/// A message that the server has not confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub key: u32,
    pub writing: Writing,
    pub body: String,
}

/// Cheap to copy.
#[derive(Clone, Copy)]
pub struct TicketState {
    pub id: TicketId,
    pub ticket: RwSignal<Ticket>,
    pub email: StoredValue<String>,
    pub watching: RwSignal<bool>,
    /// Every tag that is known of, for names and colours.
    pub tags: RwSignal<Vec<Tag>>,
    pub workflow: StoredValue<Workflow>,
    pub conversation: Conversation,
    /// Who else looks at the ticket.
    pub looking: RwSignal<Vec<Looking>>,
    pub pending: RwSignal<Vec<Pending>>,
    /// One's own messages that came in while one was on its way: shown when it is known which stands for which.
    own: StoredValue<Vec<Entry>>,
    /// The newest message that this person has had before their eyes while they knew of it.
    pub seen: RwSignal<Option<EventId>>,
    /// What a screen reader is told of what happens in the conversation.
    pub spoken: RwSignal<String>,
    pub toaster: Toaster,
    pub live: Live,
    position: StoredValue<Position>,
    user: Option<UserId>,
}

impl TicketState {
    /// The state from what the server has sent. In a component: it finds the page's connection and toasts.
    pub fn new(view: TicketView) -> Self {
        let id = view.ticket.id;
        let conversation = Conversation::new(id, view.slice);
        let mut tags = me::start().tags;
        add_tags(&mut tags, view.tags);
        Self {
            id,
            ticket: RwSignal::new(view.ticket),
            email: StoredValue::new(view.requester_email),
            watching: RwSignal::new(view.watching),
            tags: RwSignal::new(tags),
            workflow: StoredValue::new(view.workflow),
            conversation,
            looking: RwSignal::new(Vec::new()),
            pending: RwSignal::new(Vec::new()),
            own: StoredValue::new(Vec::new()),
            seen: RwSignal::new(conversation.newest.get_untracked()),
            spoken: RwSignal::new(String::new()),
            toaster: toaster(),
            live: live(),
            position: StoredValue::new(view.position),
            user: me::me().map(|m| m.id),
        }
    }

    /// Follows what happens on the ticket, until the calling component goes away.
    pub fn follow(self) {
        effect(move || {
            self.live.follow(Topic::Ticket(self.id), self.position.get_value(), move |message| match message {
                ToBrowser::Entry { entry, .. } => self.arrived(entry.clone()),
                ToBrowser::Ticket { ticket, .. } => self.take(ticket.clone()),
                ToBrowser::Presence { people, .. } => {
                    let others = people.iter().filter(|p| Some(p.id) != self.user).cloned().collect();
                    self.looking.set(others);
                }
                ToBrowser::Reset { .. } => self.reload(),
                ToBrowser::Refused { .. }
                | ToBrowser::Following { .. }
                | ToBrowser::Counts(_)
                | ToBrowser::Database { .. } => {}
            });
        });
    }

    fn arrived(self, entry: Entry) {
        let mine = self.user.is_some() && entry.by.person.as_ref().map(|p| p.id) == self.user;
        if mine && entry.message.is_some() && self.pending.with_untracked(|p| !p.is_empty()) {
            return self.own.update_value(|own| own.push(entry));
        }
        if !mine && entry.message.is_some() && !self.conversation.holds(entry.id) {
            self.spoken.set(format!("{} wrote.", entry.by.name));
        }
        self.conversation.arrived(entry, mine);
    }

    /// Whether an entry is here already.
    pub fn has(self, id: EventId) -> bool {
        self.conversation.holds(id) || self.own.with_value(|own| own.iter().any(|e| e.id == id))
    }

    /// A message is not on its way any more: it has become an entry, or was refused.
    pub fn settled(self, key: u32, became: Option<EventId>) {
        self.pending.update(|pending| pending.retain(|p| p.key != key));
        let last = if self.pending.with_untracked(Vec::is_empty) { Some(EventId(i64::MAX)) } else { became };
        let (own, later) =
            self.own.try_update_value(std::mem::take).unwrap_or_default().into_iter().partition(|e| Some(e.id) <= last);
        self.own.set_value(later);
        let own: Vec<Entry> = own;
        for entry in own {
            self.conversation.arrived(entry, true);
        }
    }

    /// Takes in a ticket as it is now, unless a newer one is known.
    pub fn take(self, ticket: Ticket) {
        if self.ticket.with_untracked(|t| t.version > ticket.version) {
            return;
        }
        let unknown = self.tags.with_untracked(|tags| ticket.tags.iter().any(|id| tags.iter().all(|t| t.id != *id)));
        self.ticket.set(ticket);
        // A tag that a colleague has just made: its name is not known here yet.
        if unknown {
            self.reload();
        }
    }

    /// Reads the ticket again. What is being written stays as it is.
    pub fn reload(self) {
        spawn_local(async move {
            let Ok(view) = rpc::view(self.id, Part::Latest).await else { return };
            if self.ticket.try_get_untracked().is_none() {
                return;
            }
            self.tags.update(|tags| add_tags(tags, view.tags));
            self.watching.set(view.watching);
            let newer = self.ticket.with_untracked(|t| t.version <= view.ticket.version);
            if newer {
                self.ticket.set(view.ticket);
            }
            if !self.conversation.more_after.get_untracked() {
                let known = self.conversation.entries.with_untracked(|e| e.last().map(|e| e.id));
                let joins = !view.slice.more_before || view.slice.entries.iter().any(|e| Some(e.id) == known);
                if joins {
                    for entry in view.slice.entries {
                        self.arrived(entry);
                    }
                } else {
                    self.conversation.put(view.slice);
                }
            }
        });
    }

    /// This person moves through the conversation: what stands at its end has been seen.
    pub fn read_on(self) {
        if self.conversation.at_end.get_untracked() {
            let newest = self.conversation.newest.get_untracked();
            if self.seen.get_untracked() != newest {
                self.seen.set(newest);
            }
        }
    }

    /// Changes properties: at once on the screen, then on the server. When the server refuses, the screen goes back.
    pub fn change(self, change: Change, show: impl FnOnce(&mut Ticket), said: String, undo: Option<Change>) {
        let before = self.ticket.get_untracked();
        self.ticket.update(show);
        self.send(change, before, said, undo);
    }

    fn send(self, change: Change, before: Ticket, said: String, undo: Option<Change>) {
        spawn_local(async move {
            let result = rpc::change_ticket(self.id, change).await;
            if self.ticket.try_get_untracked().is_none() {
                if let Err(error) = result {
                    self.toaster.fail(&error.0);
                }
                return;
            }
            match result {
                Ok(ticket) => {
                    self.take(ticket);
                    let undo = undo.map(|undo| {
                        Callback::new(move |()| {
                            let now = self.ticket.get_untracked();
                            self.send(undo.clone(), now, "Taken back.".into(), None);
                        })
                    });
                    self.toaster.say(said, undo);
                    self.conversation.catch_up().await;
                }
                Err(error) => {
                    self.roll_back(before, &error.0);
                }
            }
        });
    }

    fn roll_back(self, before: Ticket, error: &Error) {
        self.ticket.update(|ticket| {
            if ticket.version == before.version {
                *ticket = before;
            }
        });
        self.toaster.fail(error);
        if error.code == Code::Conflict {
            self.reload();
        }
    }

    /// Starts or stops watching.
    pub fn watch(self, on: bool) {
        self.watching.set(on);
        spawn_local(async move {
            match rpc::watch(self.id, on).await {
                Ok(()) => {
                    let said =
                        if on { "You are told of what happens here." } else { "You no longer watch this ticket." };
                    self.toaster.say(said, None);
                    if self.watching.try_get_untracked().is_some() {
                        self.conversation.catch_up().await;
                    }
                }
                Err(error) => {
                    self.watching.set(!on);
                    self.toaster.fail(&error.0);
                }
            }
        });
    }

    /// The tags on the ticket, by name.
    pub fn tags_on(self) -> Vec<Tag> {
        self.ticket.with(|ticket| {
            self.tags
                .with(|all| ticket.tags.iter().filter_map(|id| all.iter().find(|t| t.id == *id).cloned()).collect())
        })
    }
}

fn add_tags(known: &mut Vec<Tag>, more: Vec<Tag>) {
    for tag in more {
        if known.iter().all(|t| t.id != tag.id) {
            known.push(tag);
        }
    }
}
