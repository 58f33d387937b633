//! Brings a database to this release's schema.

use crate::OrOurs;
use domain::{Code, Error, Result};
use sqlx::PgPool;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Applies what is missing, under an advisory lock, so that several nodes may start at once.
///
/// Errors: a database that a newer release has changed is refused with a plain sentence.
pub async fn migrate(pool: &PgPool) -> Result<()> {
    let mut conn = pool.acquire().await.ours()?;
    MIGRATIONS.run(&mut *conn).await.map_err(|cause| match cause {
        sqlx::migrate::MigrateError::VersionMissing(version) => Error::new(
            Code::Unavailable,
            format!("This database was changed by a newer release of Docket (migration {version}). Please run that release or a later one."),
        ),
        sqlx::migrate::MigrateError::VersionMismatch(version) => Error::new(
            Code::Unavailable,
            format!("This database was made by another build of Docket, whose migration {version} is not this one's. Please run that build, or start with an empty database."),
        ),
        sqlx::migrate::MigrateError::Execute(cause) | sqlx::migrate::MigrateError::ExecuteMigration(cause, _)
            if is_forbidden(&cause) =>
        {
            Error::new(
                Code::Unavailable,
                format!(
                    "Its user may not make tables in it ({}). Please make it the owner of the database.",
                    cause.as_database_error().map_or("", |db| db.message()),
                ),
            )
        }
        other => crate::error::internal(&other),
    })
}

/// PostgreSQL, appendix A: `insufficient_privilege`.
fn is_forbidden(cause: &sqlx::Error) -> bool {
    cause.as_database_error().and_then(|db| db.code()).is_some_and(|code| code == "42501")
}
