//! Events: the spine. What happened, in words that can be stored, shown and reacted to.

use crate::{
    EventId, ImportId, MailId, Role, StatusId, TicketId, Time, UserId,
    access::TeamName,
    api_token::Scope,
    company::CompanyName,
    fields::{Change, Subject},
    people::Person,
    priority::{Level, Priority},
    rating,
    retention::Periods,
    ticket::Source,
};
use serde::{Deserialize, Serialize};

/// Who may learn of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Changes what screens show, but is no entry of the timeline (order on the board, drafts' leavings).
    Hidden = 0,
    /// Staff only.
    Staff = 1,
    /// Whoever may see the ticket.
    Public = 2,
}

impl Audience {
    pub fn number(self) -> i16 {
        self as i16
    }
}

/// A value before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Was<T> {
    pub from: T,
    pub to: T,
}

/// What happened. The names of people and states are kept as they were then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    #[serde(rename = "ticket.created")]
    Created { source: Source },
    /// A customer wrote.
    #[serde(rename = "message.customer")]
    CustomerMessage,
    /// Staff answered the customer.
    #[serde(rename = "message.reply")]
    Reply,
    /// Staff wrote an internal note.
    #[serde(rename = "message.note")]
    Note,
    #[serde(rename = "ticket.status")]
    Status(Was<StatusId>),
    #[serde(rename = "ticket.assignee")]
    Assignee(Was<Option<Person>>),
    #[serde(rename = "ticket.team")]
    Team(Was<Option<TeamName>>),
    #[serde(rename = "ticket.urgency")]
    Urgency(Was<Level>),
    #[serde(rename = "ticket.importance")]
    Importance(Was<Level>),
    /// The derived priority changed with the pair. Said by the pair's own entries already, so hidden.
    #[serde(rename = "ticket.priority")]
    Priority(Was<Priority>),
    #[serde(rename = "ticket.subject")]
    Subject(Was<String>),
    #[serde(rename = "ticket.tags")]
    Tags { added: Vec<String>, removed: Vec<String> },
    /// Its place in its column of the board changed.
    #[serde(rename = "ticket.rank")]
    Rank(Was<String>),
    #[serde(rename = "ticket.watch")]
    Watch { who: Person, on: bool },
    /// Somebody else than the customer and staff wrote by mail: a participant from then on, never the customer.
    #[serde(rename = "ticket.joined")]
    Joined { who: Person, email: String },
    /// Whose ticket it is: two customers were the same person.
    #[serde(rename = "ticket.requester")]
    Requester(Was<Person>),
    #[serde(rename = "ticket.company")]
    Company(Was<Option<CompanyName>>),
    #[serde(rename = "attachment.deleted")]
    AttachmentDeleted {
        name: String,
        size: i64,
        /// It was on an internal note, so customers do not learn its name.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        internal: bool,
    },
    /// What it said is not kept any longer: Docket has erased it.
    #[serde(rename = "ticket.emptied")]
    Emptied,
    /// Its requester has said how it was solved, from 1 to 5. `was`: what they have said before of the same time that it was.
    #[serde(rename = "ticket.rated")]
    Rated {
        score: i16,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<i16>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
        /// By the link of a mail, without signing in.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_mail: bool,
    },
    #[serde(rename = "account.registered")]
    Registered {
        email: String,
        /// Of somebody who was made staff at once: the first superadmin, or one made from the console.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    #[serde(rename = "account.signed_in")]
    SignedIn,
    #[serde(rename = "account.signed_out")]
    SignedOut,
    #[serde(rename = "account.sign_in_failed")]
    SignInFailed { email: String },
    #[serde(rename = "account.sessions_revoked")]
    SessionsRevoked { count: i64 },
    /// An admin took somebody's second factor away, who had lost it, and signed them out everywhere.
    #[serde(rename = "access.second_factor_removed")]
    SecondFactorRemoved { who: Person, reason: String },
    /// The same of a customer.
    #[serde(rename = "account.second_factor_taken")]
    CustomerSecondFactorRemoved {
        customer: UserId,
        /// Empty: nobody was asked for one then.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Whether staff must have a second factor, and how long they may wait.
    #[serde(rename = "settings.second_factor")]
    SecondFactorRequired { on: bool, grace_days: i32 },
    /// Somebody begins to set up an app for codes.
    #[serde(rename = "account.app_begun")]
    AppBegun,
    /// An app makes codes for signing in.
    #[serde(rename = "account.app_added")]
    AppAdded,
    #[serde(rename = "account.app_removed")]
    AppRemoved,
    #[serde(rename = "account.passkey_added")]
    PasskeyAdded { name: String },
    #[serde(rename = "account.passkey_renamed")]
    PasskeyRenamed(Was<String>),
    #[serde(rename = "account.passkey_removed")]
    PasskeyRemoved { name: String },
    /// Somebody came with a passkey that was not taken.
    #[serde(rename = "account.passkey_refused")]
    PasskeyRefused { why: String },
    #[serde(rename = "account.recovery_codes_made")]
    RecoveryCodesMade,
    /// Signed in with a recovery code. `left`: so many are there still.
    #[serde(rename = "account.recovery_code_used")]
    RecoveryCodeUsed { left: i64 },
    /// The first factor was right, a code was not.
    #[serde(rename = "account.second_factor_failed")]
    SecondFactorFailed,
    /// Somebody on staff got another role; the names as they were then.
    #[serde(rename = "access.role_given")]
    RoleGiven { who: Person, from: String, to: String },
    #[serde(rename = "access.blocked")]
    Blocked { who: Person },
    #[serde(rename = "access.unblocked")]
    Unblocked { who: Person },
    /// An admin signed somebody else out on all their devices.
    #[serde(rename = "access.sessions_ended")]
    SessionsEnded { who: Person, count: i64 },
    /// A custom role was made or changed; the words of the permissions.
    #[serde(rename = "access.role_saved")]
    RoleSaved { name: String, added: Vec<String>, removed: Vec<String> },
    #[serde(rename = "access.role_deleted")]
    RoleDeleted { name: String },
    #[serde(rename = "access.team_members")]
    TeamMembers { team: String, added: Vec<Person>, removed: Vec<Person> },
    /// The security log was taken out of Docket.
    #[serde(rename = "access.log_exported")]
    LogExported { rows: i64 },
    /// A team was made, or changed its name or description.
    #[serde(rename = "settings.team_saved")]
    TeamSaved { name: String, was: Option<String> },
    #[serde(rename = "settings.team_deleted")]
    TeamDeleted { name: String },
    // What is said of customers names them by their number alone: when a person is erased, nothing is left here.
    #[serde(rename = "customer.created")]
    CustomerCreated { customer: UserId },
    /// Staff changed these fields of a customer.
    #[serde(rename = "customer.changed")]
    CustomerChanged { customer: UserId, fields: Vec<String> },
    /// What custom fields of a customer are filled with. It goes when the person is erased.
    #[serde(rename = "customer.fields")]
    CustomerFields { customer: UserId, changes: Vec<Change> },
    #[serde(rename = "account.blocked")]
    CustomerBlocked { customer: UserId },
    #[serde(rename = "account.unblocked")]
    CustomerUnblocked { customer: UserId },
    /// An individual became a company's user, a company's user an individual or another's. `tickets`: so many went along.
    #[serde(rename = "account.company")]
    CompanyOf { user: UserId, from: Option<CompanyName>, to: Option<CompanyName>, tickets: i64 },
    /// All of their tickets have gone along: said where they followed batch by batch.
    #[serde(rename = "customer.company_finished")]
    CompanyOfFinished { user: UserId, to: Option<CompanyName>, tickets: i64 },
    /// Two customers were one person. `tickets`: so many changed hands.
    #[serde(rename = "account.merged")]
    CustomersMerged { gone: UserId, kept: UserId, tickets: i64 },
    /// All tickets of a customer who was merged have come over: said where they followed batch by batch.
    #[serde(rename = "customer.merge_finished")]
    CustomerMergeFinished { gone: UserId, kept: UserId, tickets: i64 },
    /// Somebody of staff has read all that is known of a customer. Said once a day.
    #[serde(rename = "customer.seen")]
    CustomerSeen { customer: UserId },
    /// All that is known of a customer was asked for, to be taken out.
    #[serde(rename = "customer.exported")]
    CustomerExported { customer: UserId },
    /// That was taken out.
    #[serde(rename = "customer.export_fetched")]
    ExportFetched { customer: UserId },
    /// A person was forgotten. `messages`: what they wrote, too.
    #[serde(rename = "account.erased")]
    Erased { user: UserId, messages: bool },
    /// That person was in very much: by now they are out of all of it.
    #[serde(rename = "customer.erasure_finished")]
    ErasureFinished { user: UserId },
    #[serde(rename = "company.created")]
    CompanyCreated { company: CompanyName },
    #[serde(rename = "company.changed")]
    CompanyChanged { company: CompanyName, fields: Vec<String> },
    #[serde(rename = "company.fields")]
    CompanyFields { company: CompanyName, changes: Vec<Change> },
    /// Whether users of a company see all of its tickets. Like a change of all of their accounts.
    #[serde(rename = "account.company_view")]
    CompanyView { company: CompanyName, all: bool },
    #[serde(rename = "account.companies_merged")]
    CompaniesMerged { gone: CompanyName, kept: CompanyName },
    /// All tickets of a company that was merged have come over.
    #[serde(rename = "company.merge_finished")]
    CompanyMergeFinished { gone: CompanyName, kept: CompanyName, tickets: i64 },
    #[serde(rename = "import.started")]
    ImportStarted { import: ImportId },
    #[serde(rename = "import.finished")]
    ImportFinished { import: ImportId, made: i64, changed: i64, refused: i64, stopped: bool },
    /// The lines of a file that were refused were taken out.
    #[serde(rename = "import.refused_fetched")]
    RefusedFetched { import: ImportId },
    /// Somebody has registered, and has to prove the address.
    #[serde(rename = "account.registration_asked")]
    RegistrationAsked { email: String },
    /// Somebody asked for a mail to choose a new password, whether or not there is such an account.
    #[serde(rename = "account.reset_asked")]
    ResetAsked { email: String },
    /// `by_mail`: with a link from a mail, as who has forgotten it.
    #[serde(rename = "account.password_changed")]
    PasswordChanged { by_mail: bool },
    /// So many wrong passwords came for this address that its owner was told.
    #[serde(rename = "account.locked")]
    Locked { email: String },
    #[serde(rename = "account.address_asked")]
    AddressAsked { to: String },
    #[serde(rename = "account.address_changed")]
    AddressChanged(Was<String>),
    /// The names of what is another now: `name`, `language`, `time_zone`, `signature`, `theme`, `avatar`.
    #[serde(rename = "account.profile_changed")]
    ProfileChanged { what: Vec<String> },
    /// A provider has said who this is. Signing in is said apart: it may take more.
    #[serde(rename = "account.vouched")]
    Vouched { provider: String },
    /// A provider sent somebody who was not let in, and why. Whom it named is not kept.
    #[serde(rename = "account.outside_refused")]
    OutsideRefused { provider: String, why: String },
    /// Somebody has proved who they are, but not in the only way that they are to come in by. `by`: in which.
    #[serde(rename = "account.way_refused")]
    WayRefused { provider: String, user: UserId, by: String },
    /// A provider has become the only way in of so many people, who were signed out of so many sessions. `user`: of one, who.
    #[serde(rename = "access.only_way")]
    OnlyWay {
        provider: String,
        people: i64,
        sessions: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<UserId>,
    },
    /// An account was made for somebody who came by a provider, or whom it has announced.
    #[serde(rename = "account.made_outside")]
    MadeOutside { provider: String, user: UserId },
    #[serde(rename = "account.connected")]
    Connected { provider: String, user: UserId },
    #[serde(rename = "account.disconnected")]
    Disconnected { provider: String, user: UserId },
    /// A provider has said something else of somebody than before: the names of what is another now.
    #[serde(rename = "account.changed_outside")]
    ChangedOutside { provider: String, user: UserId, fields: Vec<String> },
    /// A provider has announced a group, or that so many came into it and left it.
    #[serde(rename = "access.group_saved")]
    GroupSaved { provider: String, group: String, added: i64, removed: i64 },
    #[serde(rename = "access.group_deleted")]
    GroupDeleted { provider: String, group: String },
    /// A provider has got a token to announce people with; one that it had is good no more.
    #[serde(rename = "settings.provider_token_made")]
    ProviderTokenMade { name: String },
    #[serde(rename = "settings.provider_token_revoked")]
    ProviderTokenRevoked { name: String },
    /// A provider was made, or these of its settings are others now.
    #[serde(rename = "settings.provider_saved")]
    ProviderSaved { name: String, fields: Vec<String> },
    #[serde(rename = "settings.provider_deleted")]
    ProviderDeleted { name: String },
    /// An account for staff was made with its password.
    #[serde(rename = "staff.made")]
    StaffMade { email: String, role: Role },
    #[serde(rename = "staff.invited")]
    Invited {
        email: String,
        role: Role,
        /// The name of a custom role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        custom: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        teams: Vec<String>,
    },
    #[serde(rename = "staff.invitation_resent")]
    InvitationResent { email: String },
    #[serde(rename = "staff.invitation_revoked")]
    InvitationRevoked { email: String },
    /// Somebody has become staff by their invitation.
    #[serde(rename = "staff.joined")]
    JoinedStaff {
        email: String,
        role: Role,
        /// The name of a custom role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        custom: Option<String>,
    },
    /// Somebody made a token of the API for a program, good for so many days.
    #[serde(rename = "account.api_token_made")]
    ApiTokenMade { name: String, scope: Scope, days: i64 },
    #[serde(rename = "account.api_token_revoked")]
    ApiTokenRevoked { name: String },
    #[serde(rename = "account.api_tokens_revoked")]
    ApiTokensRevoked { count: i64 },
    /// Tokens are signed and secrets sealed with another key from here on.
    #[serde(rename = "settings.secret_key_changed")]
    SecretKeyChanged,
    /// So many secrets were sealed again, with the current key.
    #[serde(rename = "settings.secrets_resealed")]
    SecretsResealed { values: i64 },
    /// Earlier keys are believed no more.
    #[serde(rename = "settings.secret_keys_forgotten")]
    SecretKeysForgotten,
    /// An authority gave a certificate for HTTPS, good until then.
    #[serde(rename = "settings.certificate_obtained")]
    CertificateObtained { name: String, until: Time },
    /// It gave none, for this reason.
    #[serde(rename = "settings.certificate_failed")]
    CertificateFailed { name: String, why: String },
    /// Somebody had an authority asked for it at once, after it had given none.
    #[serde(rename = "settings.certificate_asked")]
    CertificateAsked { name: String },
    #[serde(rename = "settings.priority_table")]
    PriorityTable,
    /// All tickets have the priorities of the table. Said once for all of them: there may be a million.
    #[serde(rename = "settings.priorities_applied")]
    PrioritiesApplied,
    /// A custom field was made, or is defined otherwise now.
    #[serde(rename = "settings.field_saved")]
    FieldSaved { of: Subject, name: String, made: bool, changes: Vec<Change> },
    /// It is not asked any more, or again.
    #[serde(rename = "settings.field_retired")]
    FieldRetired { of: Subject, name: String, on: bool },
    /// It stands elsewhere among the others.
    #[serde(rename = "settings.field_moved")]
    FieldMoved { of: Subject, name: String },
    /// It was deleted, with so many values.
    #[serde(rename = "settings.field_deleted")]
    FieldDeleted { of: Subject, name: String, values: i64 },
    #[serde(rename = "settings.wip_limit")]
    WipLimit { status: StatusId, limit: Option<i32>, refuse: bool },
    /// How long what is kept, in months; `None`: for ever.
    #[serde(rename = "settings.retention")]
    RetentionSet(Was<Periods>),
    /// Who is asked how their tickets were solved.
    #[serde(rename = "settings.satisfaction")]
    SatisfactionSet(Was<rating::Settings>),
    /// So much was not kept any longer.
    #[serde(rename = "settings.retention_applied")]
    RetentionApplied { tickets: i64, customers: i64 },
    #[serde(rename = "mail.quarantined")]
    MailQuarantined { reason: String },
    /// A mail was taken out as it came: of this ticket and its customer, or one that became no message.
    #[serde(rename = "mail.fetched")]
    MailFetched {
        mail: MailId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<TicketId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer: Option<UserId>,
    },
    /// A mail in quarantine was tried again, and is on this ticket now.
    #[serde(rename = "mail.tried_again")]
    MailTriedAgain { mail: MailId, ticket: TicketId },
    /// A mail in quarantine was put aside for good.
    #[serde(rename = "mail.discarded")]
    MailDiscarded { mail: MailId },
    /// A mail of Docket's own that could not be sent is tried again, as somebody has asked for.
    #[serde(rename = "mail.unsent_tried_again")]
    UnsentTriedAgain { job: i64 },
    /// Such a mail was given up.
    #[serde(rename = "mail.unsent_discarded")]
    UnsentDiscarded { job: i64 },
}

impl Happening {
    pub fn audience(&self) -> Audience {
        match self {
            Happening::Created { .. }
            | Happening::CustomerMessage
            | Happening::Reply
            | Happening::Status(_)
            | Happening::Emptied
            | Happening::AttachmentDeleted { internal: false, .. } => Audience::Public,
            Happening::Note
            | Happening::Assignee(_)
            | Happening::Team(_)
            | Happening::Urgency(_)
            | Happening::Importance(_)
            | Happening::Subject(_)
            | Happening::Tags { .. }
            | Happening::Watch { .. }
            | Happening::Joined { .. }
            | Happening::Requester(_)
            | Happening::Company(_)
            | Happening::Rated { .. }
            | Happening::AttachmentDeleted { internal: true, .. } => Audience::Staff,
            _ => Audience::Hidden,
        }
    }

    pub fn is_message(&self) -> bool {
        matches!(self, Happening::CustomerMessage | Happening::Reply | Happening::Note)
    }
}

/// How deep a chain of events that cause each other may get before it is cut.
pub const DEPTH_MAX: i16 = 8;

/// A place in the order in which events become readable.
///
/// Not the id alone: ids are given out before commit, so a later id can become readable first. Ordered by transaction,
/// then id, and read only below the oldest running transaction, nothing is skipped and nothing comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position {
    pub transaction: i64,
    pub id: i64,
}

/// An event as reactors read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    pub position: Position,
    pub ticket: Option<TicketId>,
    pub what: Happening,
    pub depth: i16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_words_are_stable() {
        let json = |h: &Happening| serde_json::to_string(h).expect("json");
        assert_eq!(
            json(&Happening::Status(Was { from: StatusId(1), to: StatusId(2) })),
            r#"{"ticket.status":{"from":1,"to":2}}"#
        );
        assert_eq!(json(&Happening::Reply), r#""message.reply""#);
        let back: Happening = serde_json::from_str(r#""message.note""#).expect("back");
        assert_eq!(back, Happening::Note);
    }

    #[test]
    fn customers_never_learn_of_notes() {
        assert_eq!(Happening::Note.audience(), Audience::Staff);
        assert_eq!(Happening::Assignee(Was { from: None, to: None }).audience(), Audience::Staff);
        assert_eq!(Happening::Rank(Was { from: "a".into(), to: "b".into() }).audience(), Audience::Hidden);
    }

    #[test]
    fn positions_order_by_transaction_first() {
        assert!(Position { transaction: 9, id: 6 } < Position { transaction: 10, id: 5 });
    }
}
