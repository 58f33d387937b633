//! A server that is killed in the middle of its work: what it has acknowledged is there, and nothing is there by half.

use crate::support::{PASSWORD, World, node::soon, person};
use domain::{
    AttachmentId, TicketId,
    attachment::Attachment,
    priority::Level,
    ticket::{Change, NewMessage, NewTicket, Requester, Swap, Ticket, Writing},
};
use reqwest::{Client, redirect};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
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

/// The program itself, on the world's database.
struct Docket {
    url: String,
    child: Child,
}

impl Docket {
    async fn start(world: &World, folder: &Path) -> Self {
        // The tests of Rust code run without the files for browsers; the server only wants to see that there are some.
        let site = folder.join("site");
        std::fs::create_dir_all(&site).unwrap();
        std::fs::write(site.join("robots.txt"), "").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_docket"))
            .args(["--listen", "127.0.0.1:0", "--log-format", "json", "--log", "warn,server::serve=info"])
            .arg("--data")
            .arg(folder)
            .args(["--database-url", &world.database_url()])
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

    async fn sign_in(&self, email: &str) -> Client {
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
    done: Vec<Done>,
}

impl Writer {
    /// `None` when the answer did not come.
    async fn call<T: DeserializeOwned>(&self, function: &str, input: Value) -> Option<T> {
        let answer = self.client.post(format!("{}/rpc/{function}", self.url)).json(&input).send().await.ok()?;
        let (status, text) = (answer.status(), answer.text().await.ok()?);
        assert!(status.is_success(), "{function}: {status}: {text}");
        Some(serde_json::from_str(&text).unwrap())
    }

    async fn write(&self, n: usize) -> Option<Done> {
        let last = self.done.iter().rev().find_map(|done| match done {
            Done::Opened { id, .. } => Some(*id),
            _ => None,
        });
        let Some(id) = last.filter(|_| !n.is_multiple_of(4)) else {
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
        match n % 4 {
            1 => {
                let body = format!("Answer {n}");
                self.reply(id, &body, vec![]).await?;
                Some(Done::Replied { id, body })
            }
            2 => {
                let upload = format!("{}/files?ticket={}&name=log-{n}.txt", self.url, id.0);
                let answer = self.client.post(upload).body(format!("line {n}\n").repeat(500)).send().await.ok()?;
                let file: Attachment = serde_json::from_str(&answer.text().await.ok()?).unwrap();
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
        let message = NewMessage { writing: Writing::Reply, body: body.into(), attachments, seen: None, status: None };
        let _: Value = self.call("tickets/write", json!({ "id": id, "message": message })).await?;
        Some(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_killed_server_and_nothing_is_left_by_half() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let folder = tempfile::tempdir().unwrap();
    let mut server = Docket::start(&world, folder.path()).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let enough = Arc::new(Notify::new());
    let mut writers = JoinSet::new();
    for first in 0..CONNECTIONS {
        let mut writer = Writer {
            client: server.sign_in(&person(&agent).email).await,
            url: server.url.clone(),
            customer: person(&jana).email.clone(),
            done: Vec::new(),
        };
        let (acknowledged, enough) = (acknowledged.clone(), enough.clone());
        writers.spawn(async move {
            for n in (first..WRITES).step_by(CONNECTIONS) {
                // Each connection has its own turn of kinds, so that all kinds are under way at any time.
                match writer.write(n / CONNECTIONS + first).await {
                    Some(done) => writer.done.push(done),
                    None => return (writer.done, true),
                }
                if acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == KILLED_AFTER {
                    enough.notify_one();
                }
            }
            (writer.done, false)
        });
    }
    soon("enough has been written", enough.notified()).await;
    // SIGKILL where there are signals: no line of our own code runs any more.
    server.child.kill().await.unwrap();
    let (mut done, mut cut) = (Vec::new(), 0);
    while let Some(writer) = writers.join_next().await {
        let (written, was_cut) = writer.unwrap();
        done.extend(written);
        cut += usize::from(was_cut);
    }
    assert!(done.len() >= KILLED_AFTER && cut > 0, "{} writes, {cut} connections cut", done.len());

    for write in &done {
        assert_eq!(found(&world, write).await, 1, "{write:?}");
    }
    nothing_by_half(&world).await;

    // The next server goes on where this one stopped, also with what follows from the events.
    let server = Docket::start(&world, folder.path()).await;
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

/// How often an acknowledged write is in the database.
async fn found(world: &World, write: &Done) -> i64 {
    let pool = world.desk.pool();
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
async fn nothing_by_half(world: &World) {
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
        assert_eq!(world.count(sql).await, 0, "{what}");
    }
}
