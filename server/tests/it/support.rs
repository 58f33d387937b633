//! A desk of its own for each test: a database cloned from a migrated template, a folder for files, a clock that stands
//! still until it is moved, and people and tickets to work with.
//!
//! ```ignore
//! #[tokio::test]
//! async fn an_agent_answers() {
//!     let world = World::new().await;
//!     let (agent, jana) = (world.agent().await, world.customer().await);
//!     let ticket = world.ticket(&jana).await;
//!     world.reply(&agent, ticket.id, "Please restart it.").await;
//!     world.advance_seconds(60);
//!     let view = view::view(&world.desk, &jana, ticket.id, Part::Latest).await.unwrap();
//!     world.run(async |tx| watch::watch(tx, &jana, ticket.id, true).await).await.refused(Code::Forbidden);
//! }
//! ```
//!
//! The server is the one of `DOCKET_TEST_DATABASE_URL` (a superuser's address), else a private one for this process. Tests
//! run in parallel and know nothing of each other. Nothing here sleeps.

pub mod app;
pub mod authenticator;
pub mod authority;
pub mod browser;
pub mod files;
pub mod mailbox;
pub mod node;
pub mod pebble;
pub mod program;
pub mod proxy;
pub mod random;
pub mod running;
pub mod seed;
mod server;
pub mod slapd;
pub mod sql;

use ::server::post::Post;
use domain::{
    Actor, Code, CompanyId, Error, EventId, Principal, Result, Role, StatusId, TicketId, Time, UserId,
    access::Permissions,
    customer::Erasure,
    ticket::{NewMessage, NewTicket, Requester, Ticket, Writing},
};
use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use store::{
    Clock, Desk, ManualClock, Options, Tx, accounts, people,
    tickets::{create, message},
};
use tokio::sync::OnceCell;

/// When every world begins: 21 November 2026, 08:12 UTC.
pub const MORNING: Time = Time(1_795_248_720_000);

/// The password of everybody made by [`World::person`].
pub const PASSWORD: &str = "correct horse battery";

/// [`PASSWORD`], hashed once for the whole process.
static PASSWORD_HASH: OnceCell<String> = OnceCell::const_new();

/// A helpdesk for one test. Its database goes when it is dropped.
pub struct World {
    pub desk: Desk,
    pub clock: Arc<ManualClock>,
    /// The file store, which can be told to fail.
    pub files: Arc<files::Files>,
    /// The mails that were sent.
    pub mailbox: mailbox::Mailbox,
    /// Sends them there.
    pub post: Post,
    database: server::Database,
    people: AtomicU32,
}

/// How a [`World`] differs from the usual.
#[derive(Debug, Clone)]
pub struct Setup {
    pub options: Options,
    /// The most connections of the desk's pool.
    pub connections: u32,
}

impl Default for Setup {
    fn default() -> Self {
        Self { options: Options::default(), connections: 8 }
    }
}

impl World {
    /// An empty desk: the standard workflow, nobody in it.
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let database = server::Database::clone_template().await;
        let clock = Arc::new(ManualClock::at(MORNING));
        let files = Arc::new(files::Files::new());
        let pool = database.pool(setup.connections);
        let desk = Desk::open(pool, files.clone(), clock.clone(), setup.options).await.unwrap();
        let mailbox = mailbox::Mailbox::start().await;
        let post = mailbox.post("");
        Self { desk, clock, files, mailbox, post, database, people: AtomicU32::new(1) }
    }

    /// The address of this world's database, for whoever connects on their own.
    pub fn database_url(&self) -> String {
        self.database.url()
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.clock.advance_millis(seconds * 1_000);
    }

    /// Runs an operation in a transaction, which is committed when it succeeds.
    pub async fn run<T>(&self, operation: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let mut tx = self.desk.begin().await?;
        let done = operation(&mut tx).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Puts a person into the database who can sign in with [`PASSWORD`]. Nobody is told: there is no event.
    pub async fn person(&self, role: Role, company: Option<CompanyId>) -> Actor {
        let n = self.people.fetch_add(1, Ordering::Relaxed);
        let hash =
            PASSWORD_HASH.get_or_try_init(|| accounts::password::hash(&self.desk, PASSWORD.into())).await.unwrap();
        let id: i64 = sqlx::query_scalar(
            "insert into users (name, email, password_hash, role, company_id, created_at)
             values ($1, $2, $3, $4, $5, $6) returning id",
        )
        .bind(format!("{} {n}", role.name()))
        .bind(format!("{}{n}@people.example", role.word()))
        .bind(hash)
        .bind(role.word())
        .bind(company.map(|c| c.0))
        .bind(time::OffsetDateTime::from(self.now()))
        .fetch_one(self.desk.pool())
        .await
        .unwrap();
        self.actor(UserId(id)).await
    }

    /// A person as they are now in the database, at an address of the documentation's range.
    pub async fn actor(&self, id: UserId) -> Actor {
        let person = people::principal(&mut self.desk.read().await.unwrap(), id).await.unwrap();
        Actor::user(person, Some("192.0.2.1".into()))
    }

    /// Locks a person out, past the operations.
    pub async fn block(&self, actor: &Actor) {
        let blocked = sqlx::query("update users set blocked_at = now() where id = $1").bind(id_of(actor).0);
        blocked.execute(self.desk.pool()).await.unwrap();
    }

    pub async fn superadmin(&self) -> Actor {
        self.person(Role::Superadmin, None).await
    }

    pub async fn manager(&self) -> Actor {
        self.person(Role::Manager, None).await
    }

    pub async fn agent(&self) -> Actor {
        self.person(Role::Agent, None).await
    }

    /// An agent with a custom role.
    pub async fn custom(&self, permissions: Permissions) -> Actor {
        let agent = self.agent().await;
        sqlx::query(
            "with r as (insert into roles (name, permissions) select 'Role ' || count(*), $2 from roles returning id)
             update users set role_id = r.id from r where users.id = $1",
        )
        .bind(id_of(&agent).0)
        .bind(permissions.words())
        .execute(self.desk.pool())
        .await
        .unwrap();
        self.actor(id_of(&agent)).await
    }

    /// An individual: a customer without a company.
    pub async fn customer(&self) -> Actor {
        self.person(Role::Customer, None).await
    }

    /// A company; `sees_all`: its users see each other's tickets.
    pub async fn company(&self, name: &str, sees_all: bool) -> CompanyId {
        let id = sqlx::query_scalar("insert into companies (name, sees_all) values ($1, $2) returning id")
            .bind(name)
            .bind(sees_all)
            .fetch_one(self.desk.pool())
            .await
            .unwrap();
        CompanyId(id)
    }

    /// A domain whose addresses belong to a company.
    pub async fn domain(&self, company: CompanyId, domain: &str) {
        sqlx::query("insert into company_domains (domain, company_id) values ($1, $2)")
            .bind(domain)
            .bind(company.0)
            .execute(self.desk.pool())
            .await
            .unwrap();
    }

    /// A customer who belongs to a company.
    pub async fn company_user(&self, company: CompanyId) -> Actor {
        self.person(Role::Customer, Some(company)).await
    }

    /// A ticket that a customer has opened for themselves. The clock moves on by a second, so that no two are alike.
    pub async fn ticket(&self, customer: &Actor) -> Ticket {
        let subject = format!("The printer of {} is offline", person(customer).name);
        self.open(customer, NewTicket { subject, body: "It does not print.".into(), ..NewTicket::default() }).await
    }

    /// A ticket as described. The clock moves on by a second.
    pub async fn open(&self, actor: &Actor, input: NewTicket) -> Ticket {
        let ticket = self.run(async |tx| create::create(tx, actor, input).await).await.unwrap();
        self.advance_seconds(1);
        ticket
    }

    /// A ticket that staff opens for a customer. The clock moves on by a second.
    pub async fn ticket_for(&self, staff: &Actor, customer: &Actor) -> Ticket {
        let requester = Some(Requester::Known(id_of(customer)));
        let input =
            NewTicket { subject: "By phone".into(), body: "They called.".into(), requester, ..Default::default() };
        self.open(staff, input).await
    }

    /// Writes on a ticket without having looked at it. The clock moves on by a second.
    pub async fn reply(&self, actor: &Actor, ticket: TicketId, body: &str) -> EventId {
        self.write(actor, ticket, text(Writing::Reply, body)).await
    }

    /// The same as an internal note.
    pub async fn note(&self, actor: &Actor, ticket: TicketId, body: &str) -> EventId {
        self.write(actor, ticket, text(Writing::Note, body)).await
    }

    pub async fn write(&self, actor: &Actor, ticket: TicketId, input: NewMessage) -> EventId {
        let (_, event) = self.run(async |tx| message::write(tx, actor, ticket, input).await).await.unwrap();
        self.advance_seconds(1);
        event
    }

    /// The status of this key: `open`, `in_progress`, `waiting_for_customer`, `resolved`, `closed`.
    pub fn status(&self, key: &str) -> StatusId {
        self.desk.catalog().workflow.by_key(key).unwrap().id
    }

    /// Does all jobs that are due, and returns the mails that have arrived since the last time.
    pub async fn mails(&self) -> Vec<mailbox::Mail> {
        while ::server::work::jobs::one(&self.desk, &self.post).await.unwrap() {}
        self.mailbox.take()
    }

    /// Somebody registers, and confirms their address by the mail.
    pub async fn registered(&self, input: domain::account::Registration) -> Principal {
        let visitor = Actor::visitor(Some("192.0.2.1".into()));
        let password = input.password.clone();
        accounts::register(&self.desk, &visitor, input).await.unwrap();
        let token = self.mails().await.remove(0).token("/confirm/");
        accounts::confirm(&self.desk, &visitor, &token, password).await.unwrap()
    }

    /// How somebody erases this customer who has just looked at them.
    pub async fn erasure(&self, id: UserId, messages: bool) -> Erasure {
        let seen = sqlx::query_as("select version, name from users where id = $1").bind(id.0);
        let (version, name) = seen.fetch_one(self.desk.pool()).await.unwrap();
        Erasure { version, name, messages }
    }

    /// Ends once somebody waits for what somebody else holds in the database.
    pub async fn somebody_waits(&self) {
        let waiting =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        node::soon("somebody waits", async { while self.count(waiting).await == 0 {} }).await;
    }

    /// One number from the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.desk.pool()).await.unwrap()
    }
}

/// The cookie of a session that signing in has opened.
#[track_caller]
pub fn session_of(proved: accounts::Proved) -> String {
    match proved {
        accounts::Proved::Opened(token) => token,
        accounts::Proved::SecondFactor(_) => panic!("a second factor is asked for"),
    }
}

/// A message with nothing but a text.
pub fn text(writing: Writing, body: &str) -> NewMessage {
    NewMessage { writing, body: body.into(), attachments: Vec::new(), seen: None, status: None, key: None, sign: false }
}

/// The person an actor is.
pub fn person(actor: &Actor) -> &Principal {
    actor.principal().unwrap()
}

pub fn id_of(actor: &Actor) -> UserId {
    person(actor).id
}

/// What an operation is expected to be refused with.
pub trait Refused {
    /// The error, which has this code.
    #[track_caller]
    fn refused(self, code: Code) -> Error;

    /// The error, which is about this field.
    #[track_caller]
    fn wrong(self, field: &str) -> Error;
}

impl<T: Debug> Refused for Result<T> {
    fn refused(self, code: Code) -> Error {
        let error = self.expect_err("it should have been refused");
        assert_eq!(error.code, code, "{error:?}");
        error
    }

    fn wrong(self, field: &str) -> Error {
        let error = self.refused(Code::Invalid);
        assert!(error.of_field(field).is_some(), "no word about {field}: {error:?}");
        error
    }
}
