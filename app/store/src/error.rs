//! Failures of the database as errors that people can be shown.

use domain::{Code, Error, Result};
use rand::Rng;

/// Which unique or check constraint means which field is wrong. The one place where a constraint becomes a message.
const CONSTRAINTS: &[(&str, &str, &str)] = &[
    ("users_email", "email", "There is already an account with this e-mail address."),
    ("companies_name", "name", "There is already a company of this name."),
    ("company_domains_pkey", "domains", "One of these domains is another company's already."),
    ("invitations_open", "email", "An invitation for this address waits for an answer already."),
    ("roles_name", "name", "There is already a role of this name."),
    ("teams_name", "name", "There is already a team of this name."),
    ("providers_name", "name", "There is already a way in of this name."),
    ("providers_company", "company", "This company has a way in already."),
    ("scim_people_external", "externalId", "Somebody else has this externalId already."),
    ("scim_people_user_name", "userName", "Somebody else has this userName already."),
    ("scim_groups_name", "displayName", "There is a group of this displayName already."),
    ("tickets_team_id_fkey", "team", "There is no such team any more."),
    ("tags_name_key", "tags", "There is already a tag of this name."),
];

/// An error of the database, turned into ours: a field error, “not available”, or our fault with a reference in the log.
pub fn of_database(cause: sqlx::Error) -> Error {
    match &cause {
        sqlx::Error::Database(db) => {
            if let Some((_, field, message)) =
                db.constraint().and_then(|name| CONSTRAINTS.iter().find(|(c, ..)| *c == name))
            {
                return Error::field(field, *message);
            }
            let code = db.code();
            let code = code.as_deref().unwrap_or("");
            // PostgreSQL, appendix A: 08 connection, 53 resources, 57 shutdown and statements cut off, 40 serialization
            // and deadlock.
            if ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class)) {
                return unavailable(&cause);
            }
            // 22: a value that no column can hold, such as a NUL in a text or a moment outside of the calendar.
            if code.starts_with("22") {
                tracing::warn!(%cause, "a value was refused");
                return Error::new(Code::Invalid, "This holds something that cannot be stored or looked up.");
            }
            internal(&cause)
        }
        // Only whoever stops closes the pool: what comes too late is no news.
        sqlx::Error::PoolClosed => {
            tracing::debug!(%cause, "not available");
            Error::unavailable()
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        // A server that goes away while a connection begins answers nothing that could be understood.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => unavailable(&cause),
        _ => internal(&cause),
    }
}

/// A failure of the last step of a transaction. Unless the database has said no, it may have said yes and not been heard.
pub fn of_commit(cause: sqlx::Error) -> Error {
    let code = cause.as_database_error().and_then(|db| db.code());
    // PostgreSQL, appendix A: 08 is what goes between says of a connection that broke; 57P02 a server that stops at once,
    // whatever its sessions have just done. Any other answer is a no.
    if code.is_some_and(|code| !code.starts_with("08") && code != "57P02") {
        return of_database(cause);
    }
    tracing::warn!(%cause, "the connection broke during a commit: what it was to save may be there or not");
    Error::unconfirmed()
}

fn unavailable(cause: &dyn std::fmt::Display) -> Error {
    tracing::warn!(%cause, "not available");
    Error::unavailable()
}

/// Our fault: the cause goes to the log under a reference that the user can quote.
pub fn internal(cause: &dyn std::fmt::Display) -> Error {
    let reference = format!("{:08x}", rand::rng().random::<u32>());
    tracing::error!(%reference, %cause, "internal error");
    let mut error = Error::new(
        Code::Internal,
        format!("Something went wrong on our side. Nothing was changed. If it happens again, quote {reference}."),
    );
    error.reference = Some(reference);
    error
}

/// A failure of the file store: the disk may be full, so say that nothing was kept.
pub fn of_files(cause: object_store::Error) -> Error {
    match cause {
        object_store::Error::NotFound { .. } => Error::not_found("file"),
        other => {
            tracing::error!(cause = %other, "the file store failed");
            Error::new(
                Code::Unavailable,
                "The file could not be stored or read right now. Nothing was changed; please try again.",
            )
        }
    }
}

/// `?` with a failure of a library turned into ours.
pub trait OrOurs<T> {
    /// The error as ours.
    fn ours(self) -> Result<T>;
}

impl<T> OrOurs<T> for Result<T, sqlx::Error> {
    fn ours(self) -> Result<T> {
        self.map_err(of_database)
    }
}

impl<T> OrOurs<T> for Result<T, object_store::Error> {
    fn ours(self) -> Result<T> {
        self.map_err(of_files)
    }
}

impl<T> OrOurs<T> for Result<T, serde_json::Error> {
    fn ours(self) -> Result<T> {
        self.map_err(|cause| internal(&cause))
    }
}
