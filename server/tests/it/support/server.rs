//! The PostgreSQL of the tests, its template database, and the clones.

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    io::Write,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
    str::FromStr,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::runtime::Runtime;

/// Started by the first test that needs it. Statics are not dropped: [`stop_with_us`] ends a private server.
static SERVER: LazyLock<Server> =
    // A thread of its own: the caller is inside of a runtime, and waiting is not allowed there.
    LazyLock::new(|| std::thread::spawn(start).join().expect("a PostgreSQL for the tests"));

/// One template is made at a time, by whichever process comes first.
const TEMPLATE_LOCK: i64 = 0x0064_6f63_6b65_7401;

struct Server {
    /// Makes and drops databases, whichever runtime their tests have.
    runtime: Runtime,
    options: PgConnectOptions,
    admin: PgPool,
    template: String,
    /// In the names of this process's databases.
    run: u32,
    next: AtomicU64,
}

/// A database of one test.
pub struct Database {
    name: String,
}

impl Database {
    pub async fn clone_template() -> Self {
        let server = &*SERVER;
        let name = format!("docket_test_{}_{}", server.run, server.next.fetch_add(1, Ordering::Relaxed));
        let sql = format!(r#"create database "{name}" template "{}""#, server.template);
        let made = server.runtime.spawn(sqlx::query(AssertSqlSafe(sql)).execute(&server.admin));
        made.await.unwrap().unwrap();
        Self { name }
    }

    pub fn pool(&self, connections: u32) -> PgPool {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(60))
            .connect_lazy_with(SERVER.options.clone().database(&self.name).options(store::SESSION))
    }

    pub fn url(&self) -> String {
        SERVER.options.clone().database(&self.name).to_url_lossy().to_string()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let server = &*SERVER;
        let sql = format!(r#"drop database "{}" with (force)"#, self.name);
        let (done, wait) = std::sync::mpsc::channel();
        server.runtime.spawn(async move {
            let dropped = sqlx::query(AssertSqlSafe(sql)).execute(&server.admin).await;
            // Nobody waits any more when the process ends.
            let _ = done.send(dropped);
        });
        if let Ok(Err(error)) = wait.recv() {
            eprintln!("the database {} is left behind: {error}", self.name);
        }
    }
}

fn start() -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let url = std::env::var("DOCKET_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()).unwrap_or_else(private);
    let options = PgConnectOptions::from_str(&url).unwrap().disable_statement_logging();
    let run = std::process::id();
    let (admin, template) = runtime.block_on(async {
        let admin = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(60))
            .connect_lazy_with(options.clone().database("postgres"));
        hold_run(&options, &admin, run).await.unwrap();
        let template = template(&options, &admin).await.unwrap();
        (admin, template)
    });
    // What the desks do is logged, so that tests can count it.
    let options = PgConnectOptions::from_str(&url).unwrap();
    Server { runtime, options, admin, template, run, next: AtomicU64::new(1) }
}

/// Says that this run lives by a lock that ends with its connection, and drops what dead runs have left.
async fn hold_run(options: &PgConnectOptions, admin: &PgPool, run: u32) -> sqlx::Result<()> {
    let mut lock = options.clone().database("postgres").connect().await?;
    sqlx::query("select pg_advisory_lock(hashtext('docket_test'), $1::int8::int4)")
        .bind(i64::from(run))
        .execute(&mut lock)
        .await?;
    let left: Vec<String> =
        sqlx::query_scalar("select datname from pg_database where datname like 'docket\\_test\\_%'")
            .fetch_all(&mut lock)
            .await?;
    for name in left {
        let Some(owner) = name.split('_').nth(2).and_then(|n| n.parse::<i64>().ok()) else { continue };
        if owner == i64::from(run) {
            sqlx::query(AssertSqlSafe(format!(r#"drop database if exists "{name}" with (force)"#)))
                .execute(admin)
                .await?;
            continue;
        }
        let free: bool = sqlx::query_scalar("select pg_try_advisory_lock(hashtext('docket_test'), $1::int8::int4)")
            .bind(owner)
            .fetch_one(&mut lock)
            .await?;
        if free {
            sqlx::query(AssertSqlSafe(format!(r#"drop database if exists "{name}" with (force)"#)))
                .execute(admin)
                .await?;
            sqlx::query("select pg_advisory_unlock(hashtext('docket_test'), $1::int8::int4)")
                .bind(owner)
                .execute(&mut lock)
                .await?;
        }
    }
    // Open until the process ends.
    std::mem::forget(lock);
    Ok(())
}

/// The name of a database with all migrations, made if this server has none yet. Its name follows from the migrations.
async fn template(options: &PgConnectOptions, admin: &PgPool) -> sqlx::Result<String> {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for byte in sqlx::migrate!("../migrations").iter().flat_map(|m| m.checksum.iter()) {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let name = format!("docket_template_{sum:016x}");
    let mut lock: PgConnection = options.clone().database("postgres").connect().await?;
    sqlx::query("select pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut lock).await?;
    let made: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut lock)
        .await?;
    if !made {
        let making = format!("{name}_making");
        for sql in [
            format!(r#"drop database if exists "{making}" with (force)"#),
            // Any locale would do; this one is everywhere, and sorts the same everywhere.
            format!(r#"create database "{making}" template template0 encoding 'UTF8' locale 'C.UTF-8'"#),
        ] {
            sqlx::query(AssertSqlSafe(sql)).execute(admin).await?;
        }
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone().database(&making));
        store::migrate::migrate(&pool).await.map_err(|error| sqlx::Error::Configuration(error.into()))?;
        pool.close().await;
        sqlx::query(AssertSqlSafe(format!(r#"alter database "{making}" rename to "{name}""#))).execute(admin).await?;
    }
    lock.close().await?;
    Ok(name)
}

/// A server for this process alone, in a folder that the user whom PostgreSQL runs as can reach.
fn private() -> String {
    let place = std::env::temp_dir().join(format!("docket-test-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut options = cluster::Options::new(place.join("postgres"));
    options.database = "postgres".to_owned();
    options.settings = [
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("autovacuum", "off"),
        ("max_connections", "300"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let cluster = cluster::Cluster::start(options).unwrap();
    let url = cluster.url();
    stop_with_us(cluster.pid(), &place);
    // Dropping it would stop the server.
    std::mem::forget(cluster);
    url
}

/// Lets a shell wait for the end of this process, however it comes: then it stops the server and removes its folder.
#[expect(clippy::zombie_processes, reason = "it outlives this process, to clean up after it")]
fn stop_with_us(pid: i32, place: &std::path::Path) {
    let script = "read -r _; kill -INT \"$1\"; while kill -0 \"$1\" 2>/dev/null; do sleep 0.1; done; rm -rf -- \"$2\"";
    let mut shell = Command::new("sh")
        .args(["-c", script, "sh", &pid.to_string()])
        .arg(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in the terminal is for us, not for who cleans up after us.
        .process_group(0)
        .spawn()
        .unwrap();
    if let Some(mut input) = shell.stdin.take() {
        input.flush().unwrap();
        // The pipe closes with the process.
        std::mem::forget(input);
    }
}
