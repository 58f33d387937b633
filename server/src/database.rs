//! The way to the database: its address, and in plain words why it cannot be reached.

use std::io::ErrorKind;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Error};
use tokio::time::{Instant, sleep, timeout};

/// A connection that was not used for so long is tried before it is handed out.
const RESTED: Duration = Duration::from_secs(2);
/// A server that has not answered by then is not there.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a server that is just starting is waited for: it may have been started together with us.
const STARTING: Duration = Duration::from_secs(20);
/// Between two looks at a server that is just starting.
const LOOK: Duration = Duration::from_millis(500);

/// Reads the address of a database. What it complains of never holds the address, which has a password in it.
///
/// # Errors
/// When it is not the address of a PostgreSQL.
pub fn address(url: &str) -> anyhow::Result<PgConnectOptions> {
    const LIKE: &str = "--database-url (DATABASE_URL) is not an address like postgres://user:password@host:5432/name";
    anyhow::ensure!(url.starts_with("postgres://") || url.starts_with("postgresql://"), "{LIKE}");
    url.parse::<PgConnectOptions>().map_err(|error| match error {
        // What it says of a setting may repeat it; only what the parser of addresses says is known to be harmless.
        Error::Configuration(cause) if cause.is::<url::ParseError>() => anyhow::anyhow!("{LIKE}: {cause}"),
        _ => anyhow::anyhow!("{LIKE}"),
    })
}

/// Reaches the database and opens the pool of connections to it.
///
/// # Errors
/// Why it cannot be reached and what to do, in plain sentences, within seconds.
pub async fn open(options: PgConnectOptions, connections: u32) -> anyhow::Result<PgPool> {
    let options = options.application_name("docket").options(store::SESSION);
    reach(&options).await?;
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(8))
        // A broken connection shows at its first statement; asking before each one would double the statements. One
        // that has rested may be from before a restart of the database, so it is asked whether it still works.
        .test_before_acquire(false)
        .before_acquire(|conn, met| {
            Box::pin(async move {
                if met.idle_for > RESTED {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}

/// Connects once, alone: a pool would try again until its time is over, and then say only that.
async fn reach(options: &PgConnectOptions) -> anyhow::Result<()> {
    let began = Instant::now();
    let connection = loop {
        let error = match timeout(ANSWER, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => break connection,
            Ok(Err(error)) => error,
            Err(_) => Error::Io(ErrorKind::TimedOut.into()),
        };
        if code(&error) == "57P03" && began.elapsed() < STARTING {
            sleep(LOOK).await;
            continue;
        }
        let place = place(options);
        return Err(anyhow::anyhow!("{}", why(&error, options, &place).await))
            .context(format!("cannot use the database {place}"));
    };
    let version = connection.server_version_num();
    // A connection that does not end in order is of no interest any more.
    let _ = timeout(ANSWER, connection.close()).await;
    let oldest = cluster::OLDEST_MAJOR;
    if let Some(version) = version.filter(|version| version / 10_000 < oldest) {
        anyhow::bail!(
            "cannot use the database {}: it is on PostgreSQL {}, and Docket needs {oldest} or newer. Upgrade it, or name \
             another one in --database-url (DATABASE_URL)",
            place(options),
            version / 10_000,
        );
    }
    Ok(())
}

/// Which database it is, without the password: `"desk" on db.example:5432`.
pub fn place(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or(options.get_username());
    match socket(options) {
        Some(folder) => format!("\"{name}\" on the socket {folder}/.s.PGSQL.{}", options.get_port()),
        None => format!("\"{name}\" on {}:{}", options.get_host(), options.get_port()),
    }
}

/// The folder of the socket, if it is not reached over the network.
fn socket(options: &PgConnectOptions) -> Option<String> {
    match options.get_socket() {
        Some(folder) => Some(folder.display().to_string()),
        None => options.get_host().starts_with('/').then(|| options.get_host().to_owned()),
    }
}

fn code(error: &Error) -> String {
    error.as_database_error().and_then(|db| db.code()).map(String::from).unwrap_or_default()
}

/// Why it cannot be reached, and what to do.
async fn why(error: &Error, options: &PgConnectOptions, place: &str) -> String {
    let user = options.get_username();
    let name = options.get_database().unwrap_or(user);
    match error {
        Error::Io(error) => return not_there(error, options).await,
        Error::Tls(error) => {
            return format!(
                "no encrypted connection came about ({error}). Mend the server's certificate, or say ?sslmode=… at the end \
                 of --database-url (DATABASE_URL)"
            );
        }
        _ => {}
    }
    match code(error).as_str() {
        "28P01" => {
            format!("it refuses the password of the user \"{user}\". Correct it in --database-url (DATABASE_URL)")
        }
        "28000" => format!(
            "it does not let the user \"{user}\" in ({}). Make the user, or allow it in the server's pg_hba.conf",
            said(error)
        ),
        "3D000" => format!("there is no database of this name. Make it with: createdb --owner={user} {name}"),
        "42501" => format!("the user \"{user}\" may not connect to it. Make it the owner of the database"),
        "53300" => "the server has no connection left. Raise its max_connections, or lower --database-connections \
                    (DOCKET_DATABASE_CONNECTIONS) of the programs that use it"
            .to_owned(),
        "57P03" => format!("it is starting or stopping ({}). Try again in a while, or look into its log", said(error)),
        _ => match error {
            Error::Protocol(_) => format!("what answers at {place} is no PostgreSQL: look at host and port"),
            other => said(other),
        },
    }
}

/// What the database or the library says, without a full stop at its end.
fn said(error: &Error) -> String {
    let said = error.as_database_error().map_or_else(|| error.to_string(), |db| db.message().to_owned());
    said.trim_end_matches('.').to_owned()
}

async fn not_there(error: &std::io::Error, options: &PgConnectOptions) -> String {
    let host = options.get_host();
    let running = "Is PostgreSQL running there, and are host and port in --database-url (DATABASE_URL) right? Without that \
                   setting Docket runs a PostgreSQL of its own";
    if socket(options).is_none() {
        // The library does not tell a name that is not known from other failures.
        let known = timeout(ANSWER, tokio::net::lookup_host((host, options.get_port()))).await;
        let known = matches!(known.map(|found| found.map(|mut found| found.next())), Ok(Ok(Some(_))));
        if !known {
            return format!(
                "no machine of the name \"{host}\" is known here. Correct the host in --database-url (DATABASE_URL)"
            );
        }
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => format!("connection refused: nothing listens there. {running}"),
        ErrorKind::NotFound => format!("there is no such socket. {running}"),
        ErrorKind::PermissionDenied => "this user may not open the socket. Run Docket as a user who may".to_owned(),
        ErrorKind::TimedOut => format!("no answer of a PostgreSQL within {} seconds. {running}", ANSWER.as_secs()),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => {
            format!("the connection was cut while it began: look into the server's log. {running}")
        }
        _ => format!("{error}. {running}"),
    }
}
