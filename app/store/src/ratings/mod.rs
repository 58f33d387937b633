//! How satisfied requesters were with how their tickets were solved.
//!
//! Each time that a ticket is solved it can be rated once, and what was said be changed for some days. All of it is in the events,
//! with the comments; `ratings` has the number that counts for each time, and `tickets.rating` that of the last one, of which
//! triggers keep the sums for customers and companies.

pub mod by_mail;
pub mod settings;

use crate::{
    Desk, OrOurs, Tx,
    customers::done::{self, SIZE},
    events,
    tickets::{hold, row},
};
use domain::{
    Actor, Code, Error, EventId, Result, TicketId, Time, UserId,
    event::Happening,
    page::Page,
    policy::{self, Action},
    rating::{Given, NewRating, OPEN_DAYS, Question, Rated, open_until},
};
use sqlx::{PgConnection, Row as _, postgres::PgRow};

/// How many are looked at for who does not see all tickets.
const LOOKED_AT: usize = 200;

/// Whether and what a ticket was rated, as it stands.
struct State {
    /// How often it has been solved.
    solution: i32,
    /// NULL: it is not.
    solved_at: Option<Time>,
    /// Whether requesters are asked in the portal.
    portal: bool,
    /// What was said of this time.
    given: Option<Given>,
}

impl State {
    async fn of(conn: &mut PgConnection, id: TicketId) -> Result<Self> {
        let r = sqlx::query!(
            r#"select t.solution, t.solved_at, coalesce((select s.portal from satisfaction s), true) as "portal!",
                      r.score as "score?", e.at as "at?", e.data->>'comment' as comment
               from tickets t left join ratings r on r.ticket_id = t.id and r.solution = t.solution
               left join events e on e.id = r.event_id
               where t.id = $1"#,
            id.0,
        )
        .fetch_optional(conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("ticket"))?;
        let given =
            r.score.zip(r.at).map(|(score, at)| Given { score, comment: r.comment.unwrap_or_default(), at: at.into() });
        Ok(Self { solution: r.solution, solved_at: r.solved_at.map(Into::into), portal: r.portal, given })
    }

    /// Until when it can be rated, if it can.
    fn until(&self, now: Time) -> Option<Time> {
        self.solved_at.map(open_until).filter(|until| now <= *until)
    }
}

/// Says how a ticket was solved. Said again of the same time that it was, it is changed; the same twice is one.
///
/// Errors: `Forbidden` for whoever is not the requester; `Impossible` when it is not solved, or was too long ago.
#[crate::compiled_here]
pub async fn rate(tx: &mut Tx, actor: &Actor, id: TicketId, input: NewRating) -> Result<()> {
    hold(tx, actor, id, Action::Rate).await?;
    let input = input.check()?;
    let state = State::of(&mut tx.conn, id).await?;
    if !state.portal {
        return Err(Error::new(Code::Impossible, "Nobody is asked for a rating any more."));
    }
    save(tx, actor, id, &state, input, false).await
}

/// The same, when it is known that they may.
async fn save(tx: &mut Tx, actor: &Actor, id: TicketId, state: &State, input: NewRating, by_mail: bool) -> Result<()> {
    let Some(user) = actor.user_id() else { return Err(Error::forbidden()) };
    if state.until(tx.now).is_none() {
        return Err(Error::new(
            Code::Impossible,
            match state.solved_at {
                Some(_) => {
                    format!("It was too long ago: a ticket can be rated for {OPEN_DAYS} days after it was solved.")
                }
                None => "This ticket is being worked on again. You can rate it once it is solved.".to_owned(),
            },
        ));
    }
    let NewRating { score, comment } = input;
    if state.given.as_ref().is_some_and(|given| given.score == score && given.comment == comment) {
        return Ok(());
    }
    let what = Happening::Rated { score, was: state.given.as_ref().map(|given| given.score), comment, by_mail };
    let event = events::append(tx, actor, Some(id), &what).await?;
    // When the ticket was changed last stays: nobody has worked on it.
    sqlx::query!(
        "with r as (
             insert into ratings (ticket_id, solution, user_id, score, event_id) values ($1, $2, $3, $4, $5)
             on conflict (ticket_id, solution) do update
                 set user_id = excluded.user_id, score = excluded.score, event_id = excluded.event_id
         )
         update tickets set rating = $4 where id = $1",
        id.0,
        state.solution,
        user.0,
        score,
        event.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// Whether the requester is asked, and what they have said. `None` also for whoever else sees the ticket.
///
/// Errors: `NotFound` for a ticket that is not there, and for one that is not this actor's to see.
#[crate::compiled_here]
pub async fn asked(desk: &Desk, actor: &Actor, id: TicketId) -> Result<Option<Question>> {
    policy::demand_somebody(actor)?;
    let mut conn = desk.read().await?;
    let ticket = row::load(&mut conn, id).await?;
    policy::demand(actor, Action::SeeTicket, Some(ticket.facts()))?;
    if !policy::may(actor, Action::Rate, Some(ticket.facts())) {
        conn.done();
        return Ok(None);
    }
    let state = State::of(&mut conn, id).await?;
    conn.done();
    let until = state.until(desk.now()).filter(|_| state.portal);
    Ok(until.map(|until| Question { given: state.given, until }))
}

/// What was said last of a ticket, for staff and for who has said it.
///
/// Errors: `NotFound` for a ticket that is not there, and for one that is not this actor's to see.
#[crate::compiled_here]
pub async fn of_ticket(desk: &Desk, actor: &Actor, id: TicketId) -> Result<Option<Given>> {
    policy::demand_somebody(actor)?;
    let mut conn = desk.read().await?;
    let ticket = row::load(&mut conn, id).await?;
    policy::demand(actor, Action::SeeTicket, Some(ticket.facts()))?;
    let may = |action| policy::may(actor, action, Some(ticket.facts()));
    if !may(Action::SeeInternal) && !may(Action::Rate) {
        conn.done();
        return Ok(None);
    }
    let found = sqlx::query!(
        "select r.score, e.at, e.data->>'comment' as comment from ratings r join events e on e.id = r.event_id
         where r.ticket_id = $1 order by r.solution desc limit 1",
        id.0,
    )
    .fetch_optional(&mut *conn)
    .await
    .ours()?;
    conn.done();
    Ok(found.map(|r| Given { score: r.score, comment: r.comment.unwrap_or_default(), at: r.at.into() }))
}

/// A page of the ratings of a customer on tickets that this actor may see, the newest first. Whoever was merged into them is they.
///
/// Errors: `Forbidden` for whoever may not look people up; `NotFound` for who is no customer; a field error for a wrong `after`.
#[crate::compiled_here]
pub async fn of_customer(
    conn: &mut PgConnection,
    actor: &Actor,
    id: UserId,
    after: Option<&str>,
) -> Result<Page<Rated>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let after = done::place(after)?;
    let reach = (!actor.principal().is_none_or(policy::sees_all)).then_some(LOOKED_AT);
    let looked_at = reach.unwrap_or(SIZE + 1);
    let mut query = done::query(id);
    query.push(
        ", looked as (select r.* from people p, lateral ( \
             select r.ticket_id, r.score, r.event_id from ratings r where r.user_id = p.id",
    );
    if let Some(after) = after {
        query.push(" and r.event_id < ").push_bind(after);
    }
    query.push(format_args!(
        " order by r.event_id desc limit {looked_at}) r order by r.event_id desc limit {looked_at}), \
         shown as (select l.*, t.subject from looked l join tickets t on t.id = l.ticket_id where true"
    ));
    row::visible(&mut query, actor);
    query.push(format_args!(
        " order by l.event_id desc limit {}) \
         select exists (select from who), (select count(*) from looked), (select min(l.event_id) from looked l), \
             s.event_id, s.ticket_id, s.subject, s.score, e.data->>'comment', e.at \
         from shown s join events e on e.id = s.event_id right join (values (true)) one on true \
         order by s.event_id desc",
        SIZE + 1
    ));
    let rows = query.build().fetch_all(conn).await.ours()?;
    done::page(&rows, reach, from_row, |rated| rated.entry)
}

/// `None`: the row stands for itself only, because nothing is shown.
fn from_row(row: &PgRow) -> sqlx::Result<Option<Rated>> {
    let Some(entry) = row.try_get::<Option<i64>, _>(3)? else { return Ok(None) };
    Ok(Some(Rated {
        entry: EventId(entry),
        ticket: TicketId(row.try_get(4)?),
        subject: row.try_get(5)?,
        given: Given {
            score: row.try_get(6)?,
            comment: row.try_get::<Option<String>, _>(7)?.unwrap_or_default(),
            at: row.try_get::<time::OffsetDateTime, _>(8)?.into(),
        },
    }))
}

/// Takes the comments out of those of these events that rate a ticket. The numbers stay: they are in averages.
pub(crate) async fn forget_comments(tx: &mut Tx, events: &[i64]) -> Result<()> {
    if !events.is_empty() {
        sqlx::query("select events_uncomment($1)").bind(events).execute(&mut *tx.conn).await.ours()?;
    }
    Ok(())
}
