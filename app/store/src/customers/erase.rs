//! Forgetting a person for good.

use super::{export::every_row_of, hold, merge::retire};
use crate::{
    OrOurs, Tx,
    accounts::{picture, second_factor},
    events,
    jobs::{self, Work},
    tickets::moving,
};
use domain::{
    Actor, Code, Error, Result, UserId,
    customer::{Erasure, MOVED_MAX},
    event::Happening,
    policy::{self, Action},
    text,
};

/// What is written in the place of what was erased.
const ERASED: &str = "Erased";
/// What an erased person is called.
const NOBODY: &str = "Erased customer";

/// Takes everything about a customer out: name, addresses, phone numbers, notes, sessions, files, the mails as they came, and,
/// if asked for, what they wrote. Their tickets stay, of somebody who is not known. It cannot be undone.
///
/// Errors: `Invalid` when the name was not typed as it is; `Conflict` with too many tickets to hold at once.
pub async fn erase(tx: &mut Tx, actor: &Actor, id: UserId, how: &Erasure) -> Result<()> {
    policy::demand(actor, Action::ErasePeople, None)?;
    let ids = every_row_of(&mut tx.conn, id).await?;
    let tickets = sqlx::query_scalar!(
        "select id from tickets where requester_id = any($1)
         union select ticket_id from events where actor_id = any($1) and ticket_id is not null
         order by 1 limit $2",
        &ids,
        MOVED_MAX + 1,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let tickets: Vec<i64> = tickets.into_iter().flatten().collect();
    if tickets.len() as i64 > MOVED_MAX {
        return Err(Error::new(
            Code::Conflict,
            "This customer has written on more than 2,000 tickets, which is too many.",
        ));
    }
    // Before anything is locked or written: see `moving::take_turns`.
    moving::take_turns(tx, &tickets).await?;
    let customer = hold(tx, id).await?;
    if text::tidy_line(&how.name) != customer.name {
        return Err(Error::field("name", "This is not the name of this customer."));
    }
    files(tx, &ids).await?;
    mails(tx, &ids).await?;
    if how.messages {
        messages(tx, &ids).await?;
    }
    lists(tx, &ids).await?;
    // While their addresses are still known. Nothing else may change an event.
    sqlx::query("select events_forget($1)").bind(id.0).execute(&mut *tx.conn).await.ours()?;
    for id in &ids {
        retire(tx, UserId(*id), None).await?;
    }
    sqlx::query!("update users set name = $2, merged_into = null where id = any($1)", &ids, NOBODY)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    for id in &ids {
        second_factor::forget(tx, UserId(*id)).await?;
        picture::replace(tx, UserId(*id), None).await?;
    }
    // Open pages and lists are told by the version that there is something new.
    sqlx::query!("update tickets set version = version + 1 where id = any($1)", &tickets)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    events::append(tx, actor, None, &Happening::Erased { user: id, messages: how.messages }).await?;
    Ok(())
}

/// Has the bytes of files removed once this is true.
async fn remove(tx: &mut Tx, paths: Vec<String>) -> Result<()> {
    let now = tx.now;
    for key in paths {
        jobs::enqueue(tx, &Work::DeleteFile { key }, now, -5, None).await?;
    }
    Ok(())
}

/// Files that they have sent, also by mail, and what was taken out of Docket for them.
async fn files(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    let at = tx.at();
    let paths = sqlx::query_scalar!(
        "update attachments set deleted_at = coalesce(deleted_at, $2), deleted_by = coalesce(deleted_by, $3), name = $3
         where uploader_id = any($1) or event_id in (select id from events where actor_id = any($1))
         returning path",
        ids,
        at,
        ERASED,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    remove(tx, paths).await?;
    let exports = sqlx::query_scalar!("delete from exports where user_id = any($1) returning path", ids)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    remove(tx, exports.into_iter().flatten().collect()).await
}

/// Mails as they came. That they came stays known, by a number that tells nothing: taken in again they would all come back.
async fn mails(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    let at = tx.at();
    let raw = sqlx::query_scalar!(
        "update mails m set from_address = null, subject = '',
             discarded_at = case when m.problem is null then m.discarded_at else coalesce(m.discarded_at, $2) end
         where m.event_id in (select id from events where actor_id = any($1))
             or lower(m.from_address) in (select address from user_emails where user_id = any($1))
         returning raw_key",
        ids,
        at,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    remove(tx, raw).await
}

/// What they wrote, and what of it lists and searches show.
async fn messages(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    sqlx::query!(
        "update messages set body = '', html = '<p><em>' || $2 || '</em></p>', markdown = null, quoted_html = null,
             foreign_html = false
         where event_id in (select id from events where actor_id = any($1) and ticket_id is not null)",
        ids,
        ERASED,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!(
        "with t as (update tickets set subject = $2, excerpt = '' where requester_id = any($1) returning id)
         update ticket_subjects s set search = to_tsvector('english', $2) from t where s.ticket_id = t.id",
        ids,
        ERASED,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// What else has their words or addresses in it.
async fn lists(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    for sql in [
        "update users set signature = '', time_zone = null, language = null where id = any($1)",
        "delete from identities where user_id = any($1)",
        "delete from scim_people where user_id = any($1)",
        "delete from scim_members where user_id = any($1)",
        "delete from drafts where user_id = any($1)",
        "delete from attempts where user_id = any($1)",
        "delete from ticket_watchers where user_id = any($1)",
        "delete from sign_in_throttle where key in (
             select kind || ':' || address from user_emails,
                 unnest(array['account', 'sign-up-account', 'link-account', 'passkey-account', 'notice']) kind
             where user_id = any($1))
             or key like 'here:%' and split_part(key, ' ', 2) in (select address from user_emails where user_id = any($1))",
        "delete from account_links l where l.user_id = any($1)
             or lower(l.email) in (select address from user_emails where user_id = any($1))",
        "delete from import_refusals where exists (
             select 1 from unnest(cells) c join user_emails e on e.address = lower(trim(c)) where e.user_id = any($1))",
    ] {
        sqlx::query(sql).bind(ids).execute(&mut *tx.conn).await.ours()?;
    }
    Ok(())
}
