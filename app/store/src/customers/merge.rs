//! Two customers who are the same person.

use super::{block::end_sessions, hold, view};
use crate::{Desk, OrOurs, Tx, events, tickets::moving};
use domain::{
    Actor, Code, Error, Result, UserId,
    customer::{CustomerMerge, EMAILS_MAX, MOVED_MAX, NOTES_MAX, PHONES_MAX},
    event::Happening,
    people::Person,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// How often it is begun again because tickets came in between.
const TRIES: u32 = 5;

/// What would become of two customers, of whom `gone` becomes `kept`.
pub async fn preview(conn: &mut PgConnection, actor: &Actor, kept: UserId, gone: UserId) -> Result<CustomerMerge> {
    policy::demand(actor, Action::MergePeople, None)?;
    let (kept, gone) = (view::load(conn, kept).await?, view::load(conn, gone).await?);
    check(kept.id, gone.id)?;
    if kept.erased || gone.erased {
        return Err(Error::not_found("customer"));
    }
    let tickets = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select 1 from tickets where requester_id = $1 limit $2) n"#,
        gone.id.0,
        MOVED_MAX + 1,
    )
    .fetch_one(conn)
    .await
    .ours()?;
    Ok(CustomerMerge { kept, gone, tickets })
}

fn check(kept: UserId, gone: UserId) -> Result<()> {
    if kept == gone {
        return Err(Error::field("with", "These are one and the same already."));
    }
    Ok(())
}

/// Makes `gone` and `kept` one: tickets, addresses, phone numbers, notes, drafts and watches become `kept`'s, whose name,
/// company and password stay. `gone` leads there from then on, and is signed out everywhere. What they said stays said by
/// them, under the name they had.
///
/// All of it or nothing. A ticket that is being opened for `gone` meanwhile is waited for, or becomes `kept`'s.
///
/// Errors: `NotFound` when either is no customer (any more), `Conflict` with too many tickets.
pub async fn merge(desk: &Desk, actor: &Actor, kept: UserId, gone: UserId) -> Result<()> {
    policy::demand(actor, Action::MergePeople, None)?;
    check(kept, gone)?;
    for _ in 0..TRIES {
        let mut tx = desk.begin().await?;
        if attempt(&mut tx, actor, kept, gone).await? {
            return tx.commit().await;
        }
    }
    Err(Error::new(Code::Conflict, "Tickets of this customer keep coming in. Nothing was changed; please try again."))
}

/// `false`: a ticket came in before everybody was held, so this has to begin anew.
async fn attempt(tx: &mut Tx, actor: &Actor, kept: UserId, gone: UserId) -> Result<bool> {
    let tickets = moving::of_requester(tx, gone, MOVED_MAX + 1).await?;
    if tickets.len() as i64 > MOVED_MAX {
        return Err(Error::new(
            Code::Conflict,
            "This customer has more than 2,000 tickets. Merge the other way round: keep this one.",
        ));
    }
    moving::take_turns(tx, &tickets).await?;
    // Stronger than for other changes: nobody refers to either anew until this is done. In one order everywhere.
    sqlx::query!("select id from users where id = any($1) order by id for update", &[kept.0, gone.0])
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    if moving::of_requester(tx, gone, MOVED_MAX + 1).await? != tickets {
        return Ok(false);
    }
    let (new, old) = (hold(tx, kept).await?, hold(tx, gone).await?);
    let from = Person { id: gone, name: old.name, picture: None };
    let to = Person { id: kept, name: new.name, picture: None };
    moving::give_to(tx, actor, &tickets, &from, &to).await?;
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
            Code::Conflict,
            "Together they have more than 21 e-mail addresses. Remove some of them first.",
        ));
    }
    sqlx::query!("update user_emails set user_id = $1 where user_id = $2", kept.0, gone.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query!(
        "update users set phones = $2, notes = $3, version = version + 1 where id = $1",
        kept.0,
        &phones,
        notes,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    retire(tx, gone, Some(kept)).await?;
    things(tx, kept, gone).await?;
    let tickets = tickets.len() as i64;
    events::append(tx, actor, None, &Happening::CustomersMerged { gone, kept, tickets }).await?;
    Ok(true)
}

/// What is left of somebody whose addresses are gone: a row that events refer to. They can never sign in again, and no
/// mail reaches the address they have from now on (RFC 2606).
pub(super) async fn retire(tx: &mut Tx, gone: UserId, kept: Option<UserId>) -> Result<()> {
    let at = tx.at();
    let word = if kept.is_some() { "merged" } else { "erased" };
    sqlx::query!(
        "update users set email = $4, password_hash = null, phones = '{}', notes = '', merged_into = $2, company_id = null,
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

/// Files, drafts and watches. Where both have one, that of `kept` stays.
async fn things(tx: &mut Tx, kept: UserId, gone: UserId) -> Result<()> {
    for sql in [
        "update attachments set uploader_id = $1 where uploader_id = $2",
        "update identities set user_id = $1 where user_id = $2",
        "update scim_people s set user_id = $1 where user_id = $2
             and not exists (select 1 from scim_people k where k.user_id = $1 and k.provider_id = s.provider_id)",
        "delete from scim_people where user_id = $2 and $1::bigint is not null",
        "insert into scim_members (group_id, user_id) select group_id, $1 from scim_members where user_id = $2
         on conflict do nothing",
        "delete from scim_members where user_id = $2 and $1::bigint is not null",
        "insert into ticket_watchers (ticket_id, user_id) select ticket_id, $1 from ticket_watchers where user_id = $2
         on conflict do nothing",
        "insert into drafts (user_id, ticket_id, writing, body, updated_at)
         select $1, ticket_id, writing, body, updated_at from drafts where user_id = $2 on conflict do nothing",
        "insert into attempts (user_id, key, asked, ticket_id, event_id, created_at)
         select $1, key, asked, ticket_id, event_id, created_at from attempts where user_id = $2 on conflict do nothing",
        "delete from ticket_watchers where user_id = $2 and $1::bigint is not null",
        "delete from drafts where user_id = $2 and $1::bigint is not null",
        "delete from attempts where user_id = $2 and $1::bigint is not null",
    ] {
        sqlx::query(sql).bind(kept.0).bind(gone.0).execute(&mut *tx.conn).await.ours()?;
    }
    Ok(())
}
