//! Brings a database to this release's schema.

use crate::OrOurs;
use domain::{Code, Error, Result};
use sqlx::{PgPool, migrate::MigrateError};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Applies what is missing, under an advisory lock, so that several nodes may start at once.
///
/// Errors: a plain sentence for a database that a newer release has changed, that something else is in already, or that
/// cannot hold every text.
pub async fn migrate(pool: &PgPool) -> Result<()> {
    let mut conn = pool.acquire().await.ours()?;
    let encoding = sqlx::query_scalar!(r#"select current_setting('server_encoding') as "encoding!""#)
        .fetch_one(&mut *conn)
        .await
        .ours()?;
    if encoding != "UTF8" {
        return refused(format!(
            "Its encoding is {encoding}, and Docket needs UTF8. Please make another one, with: createdb --encoding=UTF8 \
             --template=template0 NAME"
        ));
    }
    let Err(cause) = MIGRATIONS.run(&mut *conn).await else { return Ok(()) };
    match &cause {
        MigrateError::VersionMissing(version) if MIGRATIONS.iter().all(|ours| ours.version > *version) => {
            refused(format!("Another program keeps its data in it (migration {version}). {OF_ITS_OWN}"))
        }
        MigrateError::VersionMissing(version) => refused(format!(
            "This database was changed by a newer release of Docket (migration {version}). Please run that release or a \
             later one."
        )),
        MigrateError::VersionMismatch(version) => refused(format!(
            "This database was made by another build of Docket, whose migration {version} is not this one's. Please run \
             that build, or start with an empty database."
        )),
        MigrateError::Execute(failed) | MigrateError::ExecuteMigration(failed, _) => match failed.as_database_error() {
            Some(said) if said.code().is_some_and(|code| code == FORBIDDEN) => refused(format!(
                "Its user may not make tables in it ({}). Please make it the owner of the database.",
                said.message(),
            )),
            Some(said) if said.code().is_some_and(|code| THERE_ALREADY.contains(&&*code)) => {
                refused(format!("Something else is in it ({}). {OF_ITS_OWN}", said.message()))
            }
            _ => Err(crate::error::internal(&cause)),
        },
        _ => Err(crate::error::internal(&cause)),
    }
}

const OF_ITS_OWN: &str = "Docket needs a database of its own: please make an empty one, with: createdb NAME, and name that in \
    --database-url (DATABASE_URL).";

/// PostgreSQL, appendix A: `insufficient_privilege`.
const FORBIDDEN: &str = "42501";
/// Likewise: `duplicate_table` (also an index), `duplicate_object`, `duplicate_function`, `duplicate_column`.
const THERE_ALREADY: [&str; 4] = ["42P07", "42710", "42723", "42701"];

fn refused(why: String) -> Result<()> {
    Err(Error::new(Code::Unavailable, why))
}
