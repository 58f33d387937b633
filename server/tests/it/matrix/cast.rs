//! Everybody there can be, and a ticket in each relation to them.

use crate::support::{World, id_of, text};
use domain::{
    Actor, AttachmentId, CompanyId, EventId, Role, TeamId, TicketId,
    access::{NewTeam, Permission, Permissions},
    policy::TicketFacts,
    scim::Announcer,
    ticket::Writing,
};
use object_store::{ObjectStoreExt as _, path::Path};
use store::{access::teams, tickets::message};

/// How a ticket stands to somebody.
pub const RELATIONS: [&str; 6] = ["own", "company's", "foreign", "nobody's", "assigned", "team's"];

/// A ticket with something of everything on it.
#[derive(Clone, Debug)]
pub struct Told {
    pub id: TicketId,
    /// A mail that its customer has sent, with a picture from elsewhere.
    pub mail: EventId,
    /// A file that somebody else has put there.
    pub file: AttachmentId,
}

pub struct Cast {
    pub world: World,
    pub actors: Vec<(&'static str, Actor)>,
    tickets: Vec<Vec<Told>>,
    pub team: TeamId,
    pub admin: Actor,
}

impl Cast {
    pub async fn new() -> Self {
        let world = World::new().await;
        let admin = world.superadmin().await;
        let (sharing, closed) = (world.company("Open house", true).await, world.company("Closed doors", false).await);
        let far = world.company("Far away", true).await;
        let of_team = Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets);
        let settings = Permissions::NONE.with(Permission::ManageSettings).with(Permission::ManageStaff);
        let mut actors = vec![
            ("superadmin", world.superadmin().await),
            ("manager", world.manager().await),
            ("agent", world.agent().await),
            ("custom: everything", world.custom(Permissions::ALL).await),
            ("custom: an agent of teams", world.custom(of_team).await),
            ("custom: only the desk", world.custom(settings).await),
            ("custom: nothing", world.custom(Permissions::NONE).await),
            ("company user who sees all", world.company_user(sharing).await),
            ("company user", world.company_user(closed).await),
            ("individual", world.customer().await),
        ];
        let staff: Vec<_> = actors.iter().filter(|(_, a)| a.is_staff()).map(|(_, a)| id_of(a)).collect();
        let input = NewTeam { name: "Second line".into(), members: staff, ..NewTeam::default() };
        let team = world.run(async |tx| teams::create(tx, &admin, input).await).await.unwrap();
        // With their teams.
        for (_, actor) in &mut actors {
            *actor = world.actor(id_of(actor)).await;
        }
        let stranger = world.company_user(far).await;
        let alone = world.customer().await;
        let mut tickets = Vec::new();
        for (_, actor) in &actors {
            let colleague = match actor.principal().unwrap().company {
                Some(company) => world.company_user(company).await,
                None => world.company_user(sharing).await,
            };
            let mut told = Vec::new();
            for relation in RELATIONS {
                let customer = match relation {
                    "own" => actor.as_customer(),
                    "company's" => colleague.clone(),
                    "nobody's" => alone.clone(),
                    _ => stranger.clone(),
                };
                let ticket = world.ticket(&customer).await.id;
                let assignee = (relation == "assigned" && actor.is_staff()).then(|| id_of(actor).0);
                sqlx::query("update tickets set assignee_id = $2, team_id = $3 where id = $1")
                    .bind(ticket.0)
                    .bind(assignee)
                    .bind((relation == "team's").then_some(team.0))
                    .execute(world.desk.pool())
                    .await
                    .unwrap();
                told.push(tell(&world, &admin, ticket).await);
            }
            tickets.push(told);
        }
        actors.push(("visitor", Actor::visitor(Some("192.0.2.9".into()))));
        tickets.push(tickets[9].clone());
        actors.push(("provider", announcer(&world, closed).await));
        tickets.push(tickets[9].clone());
        Self { world, actors, tickets, team, admin }
    }

    /// The tickets in the order of [`RELATIONS`].
    pub fn tickets_of(&self, actor: &Actor) -> &[Told] {
        let n = self.actors.iter().position(|(_, a)| a == actor).unwrap();
        &self.tickets[n]
    }

    pub async fn facts(&self, id: TicketId) -> TicketFacts {
        let mut conn = self.world.desk.read().await.unwrap();
        store::tickets::row::load_many(&mut conn, &[id.0]).await.unwrap()[0].facts()
    }
}

/// A company's provider, as its token lets it act.
async fn announcer(world: &World, company: CompanyId) -> Actor {
    let id: i64 = sqlx::query_scalar(
        "insert into providers (kind, name, audience, company_id, issuer, client_id, scim_hash, created_at)
         values ('oidc', 'Their own', 'company', $1, 'https://id.example', 'docket', decode('00', 'hex'), now()) returning id",
    )
    .bind(company.0)
    .fetch_one(world.desk.pool())
    .await
    .unwrap();
    let audience = domain::outside::Audience::Company;
    let announcer = Announcer { id: id.into(), name: "Their own".into(), audience, company: Some(company) };
    Actor::provider(announcer, Some("192.0.2.8".into()))
}

/// A message with a file and a picture from elsewhere, and the mail that it came with.
async fn tell(world: &World, admin: &Actor, ticket: TicketId) -> Told {
    let (_, mail) = world
        .run(async |tx| message::write(tx, admin, ticket, text(Writing::Reply, "See the picture.")).await)
        .await
        .unwrap();
    let pool = world.desk.pool();
    let picture = r#"<span class="remote-image" data-remote-src="https://pictures.example/a.png">a</span>"#;
    sqlx::query("update messages set foreign_html = true, html = $2 where event_id = $1")
        .bind(mail.0)
        .bind(picture)
        .execute(pool)
        .await
        .unwrap();
    let path = format!("raw/{mail}");
    world.desk.files().put(&Path::from(path.as_str()), "Subject: Hello".into()).await.unwrap();
    sqlx::query(
        "insert into mails (digest, raw_key, size, ticket_id, event_id, origin) values (sha256($1::text::bytea), $1, 14, $2, $3, 'mailbox')",
    )
    .bind(&path)
    .bind(ticket.0)
    .bind(mail.0)
    .execute(pool)
    .await
    .unwrap();
    let file: i64 = sqlx::query_scalar(
        "insert into attachments (key, path, ticket_id, event_id, uploader_id, name, content_type, size, created_at)
         values ($1, $1, $2, $3, $4, 'a.txt', 'text/plain', 14, now()) returning id",
    )
    .bind(&path)
    .bind(ticket.0)
    .bind(mail.0)
    .bind(id_of(admin).0)
    .fetch_one(pool)
    .await
    .unwrap();
    Told { id: ticket, mail, file: AttachmentId(file) }
}
