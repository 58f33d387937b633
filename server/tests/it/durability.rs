//! A server, or its database, that is killed in the middle of its work: what was acknowledged is there, and nothing is
//! there by half.

use crate::support::{PASSWORD, World, node::soon, person};
use domain::{
    AttachmentId, TicketId,
    attachment::Attachment,
    priority::Level,
    ticket::{Change, NewMessage, NewTicket, Requester, Swap, Ticket, Writing},
};
use reqwest::{Client, Response, redirect};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use store::counts::Counts;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::Notify,
    task::JoinSet,
};

/// How many writes are on their way when the server is killed, and after how many acknowledged ones it is.
const WRITES: usize = 1_000;
const KILLED_AFTER: usize = 400;
const CONNECTIONS: usize = 8;

/// The program itself.
pub struct Docket {
    pub url: String,
    pub child: Child,
}

impl Docket {
    /// On this database, or on a private one in its folder.
    pub async fn start(folder: &Path, database: Option<&str>) -> Self {
        // The tests of Rust code run without the files for browsers; the server only wants to see that there are some.
        let site = folder.join("site");
        std::fs::create_dir_all(&site).unwrap();
        std::fs::write(site.join("robots.txt"), "").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_docket"));
        if let Some(database) = database {
            command.args(["--database-url", database]);
        }
        let mut child = command
            .env_remove("DATABASE_URL")
            .args([
                "--listen",
                "127.0.0.1:0",
                "--log-format",
                "json",
                "--log",
                "warn,server::serve=info",
                "--rate-limit",
                "0",
            ])
            .arg("--data")
            .arg(folder)
            .env("LEPTOS_SITE_ROOT", &site)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = soon("the server listens", async {
            loop {
                let line = lines.next_line().await.unwrap().expect("the server has stopped");
                let fields: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(address) = fields["fields"]["address"].as_str() {
                    return format!("http://{address}");
                }
            }
        })
        .await;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { url, child }
    }

    pub async fn sign_in(&self, email: &str) -> Client {
        let client = Client::builder().cookie_store(true).redirect(redirect::Policy::none()).build().unwrap();
        let form = [("email", email), ("password", PASSWORD)];
        let answer = client.post(format!("{}/sign-in", self.url)).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        client
    }
}

/// What was acknowledged.
#[derive(Debug)]
enum Done {
    Opened { id: TicketId, subject: String },
    Replied { id: TicketId, body: String },
    RepliedWithFile { id: TicketId, file: AttachmentId },
    Raised { id: TicketId },
}

/// One browser that writes until the server is gone.
struct Writer {
    client: Client,
    url: String,
    customer: String,
    /// Whether the database may go away meanwhile.
    outage: bool,
    done: Vec<Done>,
}

impl Writer {
    /// `None` when the answer did not come.
    async fn call<T: DeserializeOwned>(&self, function: &str, input: Value) -> Option<T> {
        let answer = self.client.post(format!("{}/rpc/{function}", self.url)).json(&input).send().await.ok()?;
        self.read(answer).await
    }

    async fn read<T: DeserializeOwned>(&self, answer: Response) -> Option<T> {
        let (status, text) = (answer.status(), answer.text().await.ok()?);
        // Not there, or nobody knows whether it is.
        if self.outage && (status == 503 || status == 504) {
            return None;
        }
        assert!(status.is_success(), "{status}: {text}");
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Waits until the server works again.
    async fn recovered(&self) {
        let page = format!("{}/tickets", self.url);
        let well =
            async { while !self.client.get(&page).send().await.is_ok_and(|answer| answer.status().is_success()) {} };
        soon("the server works again", well).await;
    }

    /// Writes this connection's share. Returns what was acknowledged, and how often the answer did not come; after that it
    /// goes on only where the server is expected to work again.
    async fn write_all(mut self, first: usize, acknowledged: &AtomicUsize, enough: &Notify) -> (Vec<Done>, usize) {
        let mut cut = 0;
        for n in (first..WRITES).step_by(CONNECTIONS) {
            // Each connection has its own turn of kinds, so that all kinds are under way at any time.
            match self.write(n / CONNECTIONS + first, n).await {
                Some(done) => self.done.push(done),
                None if self.outage => {
                    cut += 1;
                    self.recovered().await;
                    continue;
                }
                None => return (self.done, 1),
            }
            if acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == KILLED_AFTER {
                enough.notify_one();
            }
        }
        (self.done, cut)
    }

    async fn write(&self, turn: usize, n: usize) -> Option<Done> {
        let last = self.done.iter().rev().find_map(|done| match done {
            Done::Opened { id, .. } => Some(*id),
            _ => None,
        });
        let Some(id) = last.filter(|_| !turn.is_multiple_of(4)) else {
            let subject = format!("Write {n}");
            let ticket = NewTicket {
                subject: subject.clone(),
                body: "It does not print.".into(),
                requester: Some(Requester::Address { name: String::new(), email: self.customer.clone() }),
                ..NewTicket::default()
            };
            let ticket: Ticket = self.call("tickets/create", json!({ "ticket": ticket })).await?;
            return Some(Done::Opened { id: ticket.id, subject });
        };
        match turn % 4 {
            1 => {
                let body = format!("Answer {n}");
                self.reply(id, &body, vec![]).await?;
                Some(Done::Replied { id, body })
            }
            2 => {
                let upload = format!("{}/files?ticket={}&name=log-{n}.txt", self.url, id.0);
                let answer = self.client.post(upload).body(format!("line {n}\n").repeat(500)).send().await.ok()?;
                let file: Attachment = self.read(answer).await?;
                self.reply(id, "See the log.", vec![file.id]).await?;
                Some(Done::RepliedWithFile { id, file: file.id })
            }
            _ => {
                let change = Change { urgency: Some(Swap::to(Level::High)), ..Change::default() };
                let _: Ticket = self.call("tickets/change", json!({ "id": id, "change": change })).await?;
                Some(Done::Raised { id })
            }
        }
    }

    async fn reply(&self, id: TicketId, body: &str, attachments: Vec<AttachmentId>) -> Option<()> {
        let message = NewMessage {
            writing: Writing::Reply,
            body: body.into(),
            attachments,
            seen: None,
            status: None,
            key: None,
            sign: false,
        };
        let _: Value = self.call("tickets/write", json!({ "id": id, "message": message })).await?;
        Some(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_killed_server_and_nothing_is_left_by_half() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let folder = tempfile::tempdir().unwrap();
    let mut server = Docket::start(folder.path(), Some(&world.database_url())).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let enough = Arc::new(Notify::new());
    let mut writers = JoinSet::new();
    for first in 0..CONNECTIONS {
        let writer = Writer {
            client: server.sign_in(&person(&agent).email).await,
            url: server.url.clone(),
            customer: person(&jana).email.clone(),
            outage: false,
            done: Vec::new(),
        };
        let (acknowledged, enough) = (acknowledged.clone(), enough.clone());
        writers.spawn(async move { writer.write_all(first, &acknowledged, &enough).await });
    }
    soon("enough has been written", enough.notified()).await;
    // SIGKILL where there are signals: no line of our own code runs any more.
    server.child.kill().await.unwrap();
    let (mut done, mut cut) = (Vec::new(), 0);
    while let Some(writer) = writers.join_next().await {
        let (written, was_cut) = writer.unwrap();
        done.extend(written);
        cut += was_cut;
    }
    assert!(done.len() >= KILLED_AFTER && cut > 0, "{} writes, {cut} connections cut", done.len());

    for write in &done {
        assert_eq!(found(world.desk.pool(), write).await, 1, "{write:?}");
    }
    nothing_by_half(world.desk.pool()).await;

    // The next server goes on where this one stopped, also with what follows from the events.
    let server = Docket::start(folder.path(), Some(&world.database_url())).await;
    let client = server.sign_in(&person(&agent).email).await;
    for write in &done {
        if let Done::RepliedWithFile { file, .. } = write {
            let (key, name): (String, String) = sqlx::query_as("select key, name from attachments where id = $1")
                .bind(file.0)
                .fetch_one(world.desk.pool())
                .await
                .unwrap();
            let answer = client.get(format!("{}/files/{key}/{name}", server.url)).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let size: i64 = sqlx::query_scalar("select size from attachments where id = $1")
                .bind(file.0)
                .fetch_one(world.desk.pool())
                .await
                .unwrap();
            assert_eq!(i64::try_from(answer.bytes().await.unwrap().len()).unwrap(), size);
        }
    }
    let tickets = world.count("select count(*) from tickets").await;
    let active = world.desk.catalog().active();
    soon("the numbers beside the inbox are right again", async {
        while Counts::load(&mut world.desk.read().await.unwrap()).await.unwrap().count(&active, None) != tickets {}
    })
    .await;
}

/// A data folder with a private PostgreSQL in it.
struct Private(tempfile::TempDir);

impl Private {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Run by root, PostgreSQL belongs to another user, who must be able to pass through.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// The lines of the file that a running PostgreSQL keeps: its process, its folder, its start, its port, its socket.
    fn postmaster(&self) -> Option<Vec<String>> {
        let file = std::fs::read_to_string(self.0.path().join("postgres/pgdata/postmaster.pid")).ok()?;
        Some(file.lines().map(str::to_owned).collect())
    }

    fn signal(&self, signal: &str) {
        if let Some(lines) = self.postmaster() {
            let sent = std::process::Command::new("kill").args([signal, &lines[0]]).status().unwrap();
            assert!(sent.success() || std::thread::panicking(), "{signal}");
        }
    }

    fn pool(&self) -> PgPool {
        let lines = self.postmaster().unwrap();
        let options = PgConnectOptions::new().port(lines[3].parse().unwrap()).socket(&lines[4]);
        PgPoolOptions::new().max_connections(2).connect_lazy_with(options.username("docket").database("docket"))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // Nothing is there to be stopped where the server has ended in order.
        self.signal("-INT");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_killed_database_and_the_server_goes_on() {
    let private = Private::new();
    let mut server = Docket::start(private.0.path(), None).await;
    let admin = "ada@desk.example";
    let form = [("name", "Ada"), ("email", admin), ("password", PASSWORD)];
    let answer = Client::new().post(format!("{}/set-up", server.url)).form(&form).send().await.unwrap();
    assert!(!answer.status().is_server_error() && !answer.status().is_client_error(), "{}", answer.status());
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let enough = Arc::new(Notify::new());
    let mut writers = JoinSet::new();
    for first in 0..CONNECTIONS {
        let writer = Writer {
            client: server.sign_in(admin).await,
            url: server.url.clone(),
            customer: "jana@mail.example".into(),
            outage: true,
            done: Vec::new(),
        };
        let (acknowledged, enough) = (acknowledged.clone(), enough.clone());
        writers.spawn(async move { writer.write_all(first, &acknowledged, &enough).await });
    }
    soon("enough has been written", enough.notified()).await;
    let before = private.postmaster().unwrap()[0].clone();
    private.signal("-KILL");
    let (mut done, mut cut) = (Vec::new(), 0);
    while let Some(writer) = writers.join_next().await {
        let (written, was_cut) = writer.unwrap();
        done.extend(written);
        cut += was_cut;
    }
    assert!(cut > 0, "nobody was in the middle of a write");
    assert_eq!(done.len() + cut, WRITES, "each was written or refused");
    assert!(done.len() > KILLED_AFTER * 3 / 2, "{} writes: they go on afterwards", done.len());
    assert_ne!(private.postmaster().unwrap()[0], before, "another PostgreSQL");
    assert!(server.child.try_wait().unwrap().is_none(), "the same server");

    let pool = private.pool();
    for write in &done {
        assert_eq!(found(&pool, write).await, 1, "{write:?}");
    }
    nothing_by_half(&pool).await;
    // What follows from the events goes on too.
    let behind = "select (select count(*) from tickets) - coalesce(sum(tickets), 0)::bigint from ticket_counts";
    soon("the numbers beside the inbox are right again", async {
        while sqlx::query_scalar::<_, i64>(behind).fetch_one(&pool).await.unwrap() != 0 {}
    })
    .await;
    pool.close().await;
    let id = server.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    soon("the server stops, and its PostgreSQL with it", server.child.wait()).await.unwrap();
    assert!(private.postmaster().is_none(), "stopped in order");
}

/// How often an acknowledged write is in the database.
async fn found(pool: &PgPool, write: &Done) -> i64 {
    match write {
        Done::Opened { id, subject } => {
            sqlx::query_scalar("select count(*) from tickets where id = $1 and subject = $2")
                .bind(id.0)
                .bind(subject)
                .fetch_one(pool)
                .await
        }
        Done::Replied { id, body } => {
            sqlx::query_scalar("select count(*) from messages where ticket_id = $1 and body = $2")
                .bind(id.0)
                .bind(body)
                .fetch_one(pool)
                .await
        }
        Done::RepliedWithFile { id, file } => {
            sqlx::query_scalar(
                "select count(*) from attachments a join messages m on m.event_id = a.event_id
                 where a.id = $2 and m.ticket_id = $1",
            )
            .bind(id.0)
            .bind(file.0)
            .fetch_one(pool)
            .await
        }
        Done::Raised { id } => {
            sqlx::query_scalar(
                "select count(*) from tickets t join events e on e.ticket_id = t.id and e.kind = 'ticket.urgency'
                 where t.id = $1 and t.urgency = 3",
            )
            .bind(id.0)
            .fetch_one(pool)
            .await
        }
    }
    .unwrap()
}

/// Every write is several rows; none of them may be there without the others.
async fn nothing_by_half(pool: &PgPool) {
    for (what, sql) in [
        (
            "a ticket without the event that opened it",
            "select count(*) from tickets t
             where (select count(*) from events e where e.ticket_id = t.id and e.kind = 'ticket.created') <> 1",
        ),
        (
            "a ticket without its first message",
            "select count(*) from tickets t
             where not exists (select 1 from messages m where m.ticket_id = t.id and m.kind = 'customer')",
        ),
        (
            "a message without its event, or of another ticket",
            "select count(*) from messages m left join events e on e.id = m.event_id
             where e.id is null or e.ticket_id <> m.ticket_id or e.kind <> 'message.' || m.kind",
        ),
        (
            "an event of a message without the message",
            "select count(*) from events e where e.kind like 'message.%'
             and not exists (select 1 from messages m where m.event_id = e.id)",
        ),
        (
            "a ticket whose summary is not that of its last message",
            "select count(*) from tickets t
             where last_message_id is distinct from (select max(event_id) from messages m where m.ticket_id = t.id)",
        ),
        (
            "a raised ticket without the event, or the other way round",
            "select count(*) from tickets t where (t.urgency = 3)
             <> exists (select 1 from events e where e.ticket_id = t.id and e.kind = 'ticket.urgency')",
        ),
        (
            "a sent file that is not the message's ticket's",
            "select count(*) from attachments a join events e on e.id = a.event_id where a.ticket_id <> e.ticket_id",
        ),
    ] {
        let count: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
        assert_eq!(count, 0, "{what}");
    }
}
