//! Two customers who are the same person.

use super::{alone, block::end_sessions, channels, forget::Place, hold, view};
use crate::{
    Desk, OrOurs, Tx,
    errands::{self, Task},
    events,
    fields::values,
    outside::ways::{self, Whom},
    tickets::moving,
};
use domain::{
    Actor, Code, Error, Result, UserId,
    customer::{CustomerMerge, EMAILS_MAX, MOVED_MAX, NOTES_MAX, PHONES_MAX},
    errand::Outcome,
    event::Happening,
    people::Person,
    policy::{self, Action},
};
use sqlx::types::Json;

/// How often it is begun again because tickets came in between.
const TRIES: u32 = 5;

/// What would become of two customers, of whom `gone` becomes `kept`. It shows all that is known of both, so the security log
/// says that they were looked at.
#[crate::compiled_here]
pub async fn preview(desk: &Desk, actor: &Actor, kept: UserId, gone: UserId) -> Result<CustomerMerge> {
    policy::demand(actor, Action::MergePeople, None)?;
    let mut conn = desk.read().await?;
    let found: Vec<_> = view::load_whole(&mut conn, &[kept, gone]).await?.into_iter().map(|(known, _)| known).collect();
    let [kept, gone] = <[_; 2]>::try_from(found).map_err(|_| Error::not_found("customer"))?;
    let (kept, gone, channels) = (kept.customer, gone.customer, !gone.channels.is_empty());
    check(kept.id, gone.id)?;
    if kept.erased || gone.erased {
        return Err(Error::not_found("customer"));
    }
    let tickets = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select 1 from tickets where requester_id = $1 limit $2) n"#,
        gone.id.0,
        MOVED_MAX + 1,
    )
    .fetch_one(&mut *conn)
    .await
    .ours()?;
    conn.done();
    view::seen(desk, actor, &[kept.id, gone.id]).await?;
    Ok(CustomerMerge { kept, gone, channels, tickets })
}

fn check(kept: UserId, gone: UserId) -> Result<()> {
    if kept == gone {
        return Err(Error::field("with", "These are one and the same already."));
    }
    Ok(())
}

/// Makes `gone` and `kept` one: tickets, addresses, phone numbers, channel identities, notes, drafts and watches become `kept`'s, whose name,
/// company and password stay. Custom fields that are empty are filled with the other's. `gone` leads there from then on, and is signed out everywhere. What they said stays said by
/// them, under the name they had.
///
/// All of it or nothing. A ticket that is being opened for `gone` meanwhile is waited for, or becomes `kept`'s. Where there are
/// more than [`MOVED_MAX`] tickets, these follow batch by batch: until then each is still that of `gone`, for `kept` to see.
///
/// Errors: `NotFound` when either is no customer (any more), `Busy` while tickets of an earlier merge are on their way.
#[crate::compiled_here]
pub async fn merge(desk: &Desk, actor: &Actor, kept: UserId, gone: UserId) -> Result<Outcome> {
    policy::demand(actor, Action::MergePeople, None)?;
    check(kept, gone)?;
    for _ in 0..TRIES {
        let mut tx = desk.begin().await?;
        if let Some(outcome) = attempt(&mut tx, actor, kept, gone).await? {
            tx.commit().await?;
            return Ok(outcome);
        }
    }
    Err(Error::new(Code::Busy, "Tickets of this customer keep coming in. Nothing was changed; please try again."))
}

/// `None`: a ticket came in before everybody was held, so this has to begin anew.
async fn attempt(tx: &mut Tx, actor: &Actor, kept: UserId, gone: UserId) -> Result<Option<Outcome>> {
    let bound = ways::before(tx, Whom::People(&[kept])).await?;
    let tickets = moving::of_requester(tx, gone, MOVED_MAX + 1).await?;
    let many = tickets.len() as i64 > MOVED_MAX;
    if !many {
        moving::take_turns(tx, &tickets).await?;
    }
    alone(tx, &[kept.0, gone.0]).await?;
    if !many && moving::of_requester(tx, gone, MOVED_MAX + 1).await? != tickets {
        return Ok(None);
    }
    let (new, old) = (hold(tx, kept).await?, hold(tx, gone).await?);
    errands::demand_none(tx, &[kept.0, gone.0], &[], None).await?;
    if !many {
        let from = Person { id: gone, name: old.name, picture: None };
        let to = Person { id: kept, name: new.name, picture: None };
        moving::give_to(tx, actor, &tickets, &from, &to).await?;
    }
    let mut phones = new.phones;
    for phone in old.phones {
        if phones.len() < PHONES_MAX && !phones.contains(&phone) {
            phones.push(phone);
        }
    }
    let notes = match (new.notes.is_empty(), old.notes.is_empty()) {
        (_, true) => new.notes,
        (true, false) => old.notes,
        (false, false) => format!("{}\n\n{}", new.notes, old.notes).chars().take(NOTES_MAX).collect(),
    };
    let addresses = sqlx::query_scalar!(
        r#"select count(*) as "count!" from user_emails where user_id = any($1)"#,
        &[kept.0, gone.0]
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if addresses > EMAILS_MAX as i64 + 1 {
        return Err(Error::new(
            Code::Impossible,
            "Together they have more than 21 e-mail addresses. Remove some of them first.",
        ));
    }
    sqlx::query!("update user_emails set user_id = $1 where user_id = $2", kept.0, gone.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    channels::merge(tx, kept, gone).await?;
    let filling = values::merged(tx, &new.fields, old.fields).await?;
    sqlx::query!(
        "update users set phones = $2, notes = $3, fields = $4, version = version + 1 where id = $1",
        kept.0,
        &phones,
        notes,
        Json(&filling.values) as _,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    retire(tx, gone, Some(kept)).await?;
    things(tx, kept, gone).await?;
    let mut tickets = tickets.len() as i64;
    if many {
        tickets = sqlx::query_scalar!(r#"select count(*) as "count!" from tickets where requester_id = $1"#, gone.0)
            .fetch_one(&mut *tx.conn)
            .await
            .ours()?;
        errands::begin(tx, actor, Task::MergeCustomers { kept, gone }, tickets).await?;
    } else {
        while shares(tx, kept, gone, MOVED_MAX).await? {}
    }
    events::append(tx, actor, None, &Happening::CustomersMerged { gone, kept, tickets }).await?;
    values::say_of_customer(tx, actor, kept, filling.changes).await?;
    ways::settle(tx, actor, bound).await?;
    Ok(Some(if many { Outcome::UnderWay } else { Outcome::Done }))
}

/// Brings the next tickets of one who was merged to the other one. Returns how many it were; `None`: all are there.
pub(crate) async fn follow(
    tx: &mut Tx,
    actor: &Actor,
    kept: UserId,
    gone: UserId,
    limit: i64,
) -> Result<Option<(Place, usize)>> {
    let tickets = moving::of_requester(tx, gone, limit).await?;
    if tickets.is_empty() {
        return Ok(shares(tx, kept, gone, limit).await?.then_some((Place { part: 1, reached: 0 }, 0)));
    }
    moving::take_turns(tx, &tickets).await?;
    // They may have been merged once more since, when this looks again later.
    let people = sqlx::query!(
        "select u.id, u.name from unnest($1::bigint[]) with ordinality p (id, place)
         join users asked on asked.id = p.id
         join users u on u.id = case p.place when 1 then p.id else coalesce(asked.merged_into, p.id) end
         order by p.place",
        &[gone.0, kept.0],
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let [from, to] = &people[..] else { return Err(Error::not_found("customer")) };
    let person = |id: i64, name: &str| Person { id: UserId(id), name: name.to_owned(), picture: None };
    moving::give_to(tx, actor, &tickets, &person(from.id, &from.name), &person(to.id, &to.name)).await?;
    Ok(Some((Place::default(), tickets.len())))
}

/// What they have on tickets, files and watches, a part of it. `false`: nothing is left.
async fn shares(tx: &mut Tx, kept: UserId, gone: UserId, limit: i64) -> Result<bool> {
    let files = sqlx::query!(
        "update attachments set uploader_id = $1
         where id = any(array(select id from attachments where uploader_id = $2 limit $3))",
        kept.0,
        gone.0,
        limit,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let watched = sqlx::query!(
        "with w as (
             delete from ticket_watchers where user_id = $2
                 and ticket_id = any(array(select ticket_id from ticket_watchers where user_id = $2 limit $3))
             returning ticket_id)
         insert into ticket_watchers (ticket_id, user_id) select ticket_id, $1 from w on conflict do nothing",
        kept.0,
        gone.0,
        limit,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(files.rows_affected() + watched.rows_affected() > 0)
}

/// What is left of somebody whose addresses are gone: a row that events refer to. They can never sign in again, and no
/// mail reaches the address they have from now on (RFC 2606).
pub(super) async fn retire(tx: &mut Tx, gone: UserId, kept: Option<UserId>) -> Result<()> {
    let at = tx.at();
    let word = if kept.is_some() { "merged" } else { "erased" };
    sqlx::query!(
        "update users set email = $4, password_hash = null, phones = '{}', notes = '', fields = '{}', merged_into = $2, company_id = null,
             blocked_at = coalesce(blocked_at, $3), erased_at = case when $2::bigint is null then $3 end,
             version = version + 1
         where id = $1",
        gone.0,
        kept.map(|k| k.0),
        at,
        format!("{word}.{gone}@docket.invalid"),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!("delete from user_emails where user_id = $1", gone.0).execute(&mut *tx.conn).await.ours()?;
    // Whoever was merged into them before leads on.
    sqlx::query!(
        "update users set merged_into = $2 where merged_into = $1 and $2::bigint is not null",
        gone.0,
        kept.map(|k| k.0)
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    end_sessions(tx, gone).await
}

/// Ways in, drafts and what was sent lately. Where both have one, that of `kept` stays.
async fn things(tx: &mut Tx, kept: UserId, gone: UserId) -> Result<()> {
    for sql in [
        "update identities set user_id = $1 where user_id = $2",
        "update scim_people s set user_id = $1 where user_id = $2
             and not exists (select 1 from scim_people k where k.user_id = $1 and k.provider_id = s.provider_id)",
        "delete from scim_people where user_id = $2 and $1::bigint is not null",
        "insert into scim_members (group_id, user_id) select group_id, $1 from scim_members where user_id = $2
         on conflict do nothing",
        "delete from scim_members where user_id = $2 and $1::bigint is not null",
        "insert into drafts (user_id, ticket_id, writing, body, updated_at)
         select $1, ticket_id, writing, body, updated_at from drafts where user_id = $2 on conflict do nothing",
        "insert into attempts (user_id, key, asked, ticket_id, event_id, created_at)
         select $1, key, asked, ticket_id, event_id, created_at from attempts where user_id = $2 on conflict do nothing",
        "delete from drafts where user_id = $2 and $1::bigint is not null",
        "delete from attempts where user_id = $2 and $1::bigint is not null",
    ] {
        sqlx::query(sql).bind(kept.0).bind(gone.0).execute(&mut *tx.conn).await.ours()?;
    }
    Ok(())
}
