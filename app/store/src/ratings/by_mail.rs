//! Asking by mail, and the link in it, with which one rates without signing in.
//!
//! Nothing is stored of the link: it is signed with what the ticket says of the time that it was solved. Solved once more, or given
//! to another requester, the ticket has another one.

use super::{State, save, settings};
use crate::{
    Desk, OrOurs, Tx,
    accounts::{
        Letter,
        letters::{Content, Ready},
        link,
    },
    jobs::{self, Work},
    people,
    tickets::hold,
};
use domain::{
    Actor, Code, Error, Result, TicketId, Time, UserId,
    letter::Purpose,
    policy::Action,
    rating::{AskedByMail, NewRating, OPEN_DAYS, Question, SCORES},
    text,
};
use sqlx::PgConnection;

/// How much of the subject stands in the mail, in characters: it has lines.
const SUBJECT: usize = 50;

/// Has the requester asked by mail some hours after a ticket was solved, where that is wanted. In the transaction that solves it.
pub(crate) async fn plan(tx: &mut Tx, ticket: TicketId) -> Result<()> {
    let settings = settings::load(&mut *tx.conn).await?;
    if !settings.mail {
        return Ok(());
    }
    let solution = sqlx::query_scalar!("select solution from tickets where id = $1", ticket.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    let at = tx.now.plus_millis(i64::from(settings.delay_hours) * 3_600_000);
    jobs::enqueue(tx, &Work::Letter { letter: Letter::RatingAsked { ticket, solution } }, at, 0, None).await
}

/// What a link is signed with, beside the number of its ticket.
fn nonce(solution: i32, requester: i64, solved_at: Time) -> Vec<u8> {
    [&solution.to_be_bytes()[..], &requester.to_be_bytes(), &solved_at.0.to_be_bytes()].concat()
}

/// The mail, if it still makes sense: the ticket is solved as it was then, its requester is a customer who may come in, has not
/// rated it by themselves, and reads what comes to the address. That is so for whoever has an account, as none is there without a
/// proof of it, and for whoever has written on this ticket from it.
pub(crate) async fn ready(desk: &Desk, ticket: TicketId, solution: i32) -> Result<Option<Ready>> {
    let now = desk.now();
    let found = sqlx::query!(
        r#"select t.subject, t.solved_at as "solved_at!", u.id as user_id, u.name, u.email
           from tickets t join users u on u.id = t.requester_id
           where t.id = $1 and t.solution = $2 and t.solved_at > $3
               and u.role = 'customer' and u.blocked_at is null and u.erased_at is null and u.merged_into is null
               and (u.password_hash is not null or exists (select from identities i where i.user_id = u.id)
                    or exists (select from mails m where m.ticket_id = t.id and m.origin = 'mailbox'
                               and lower(m.from_address) = lower(u.email)))
               and not exists (select from ratings r where r.ticket_id = t.id and r.solution = t.solution)
               and not exists (select from outside_tickets o where o.ticket_id = t.id)
               and coalesce((select s.mail from satisfaction s), false)"#,
        ticket.0,
        solution,
        time::OffsetDateTime::from(now.plus_millis(-OPEN_DAYS * 86_400_000)),
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    let Some(r) = found else { return Ok(None) };
    let signed = nonce(solution, r.user_id, r.solved_at.into());
    let link = link::path(desk, Purpose::Rating, ticket.0, &signed)?;
    let scores = SCORES.iter().rev().map(|(score, name)| (*score, *name)).collect();
    let subject = text::excerpt(&r.subject, SUBJECT);
    let content = Content::RatingAsked { ticket: ticket.0, subject, link, scores, days: OPEN_DAYS };
    Ok(Some(Ready { name: r.name, email: r.email, content }))
}

fn lost() -> Error {
    Error::new(
        Code::NotFound,
        "This link is not good any more: the ticket is being worked on again, it was solved too long ago, or the link came here without its last letters.",
    )
}

/// What a good link is about.
struct Linked {
    ticket: TicketId,
    subject: String,
    requester: UserId,
    until: Time,
    state: State,
}

async fn find(desk: &Desk, conn: &mut PgConnection, token: &str) -> Result<Linked> {
    let (id, signed) = link::parse(token).ok_or_else(lost)?;
    let found = sqlx::query!(
        "select t.subject, t.requester_id from tickets t join users u on u.id = t.requester_id
         where t.id = $1 and u.role = 'customer' and u.blocked_at is null",
        id,
    )
    .fetch_optional(&mut *conn)
    .await
    .ours()?
    .ok_or_else(lost)?;
    let ticket = TicketId(id);
    let state = State::of(conn, ticket).await?;
    let solved_at = state.solved_at.ok_or_else(lost)?;
    let nonce = nonce(state.solution, found.requester_id, solved_at);
    if !link::fits(desk, Purpose::Rating, id, &nonce, &signed)? {
        return Err(lost());
    }
    let until = state.until(desk.now()).ok_or_else(lost)?;
    Ok(Linked { ticket, subject: found.subject, requester: UserId(found.requester_id), until, state })
}

/// What the page of a link shows. Whoever has the link may see it; nothing is written by opening it.
///
/// Errors: `NotFound` for a link that is not good (any more).
#[crate::compiled_here]
pub async fn opened(desk: &Desk, _actor: &Actor, token: &str) -> Result<AskedByMail> {
    let mut conn = desk.read().await?;
    let found = find(desk, &mut conn, token).await?;
    conn.done();
    let question = Question { given: found.state.given, until: found.until };
    Ok(AskedByMail { ticket: found.ticket, subject: found.subject, question })
}

/// Rates with a link, in the name of the requester: see [`super::rate`]. It can be used again to change what was said.
///
/// Errors: `NotFound` for a link that is not good (any more); field errors.
#[crate::compiled_here]
pub async fn rate(tx: &mut Tx, actor: &Actor, token: &str, input: NewRating) -> Result<()> {
    let desk = tx.desk().clone();
    let seen = find(&desk, &mut tx.conn, token).await?;
    let input = input.check()?;
    let requester = people::principal(&mut tx.conn, seen.requester).await.map_err(|_| lost())?;
    let requester = Actor::user(requester, actor.address.clone());
    hold(tx, &requester, seen.ticket, Action::Rate).await.map_err(|_| lost())?;
    // As it stands now that nobody else changes it.
    let found = find(&desk, &mut tx.conn, token).await?;
    save(tx, &requester, found.ticket, &found.state, input, true).await
}
