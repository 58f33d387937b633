//! Forgetting a person for good.

use super::{
    Row, channels,
    export::every_row_of,
    forget::{self, Person, Place},
    hold,
    merge::retire,
};
use crate::{
    OrOurs, Tx,
    accounts::{picture, second_factor},
    errands::{self, Task},
    error::internal,
    events,
    tickets::moving,
};
use domain::{
    Actor, Code, Error, Result, UserId,
    customer::{Erasure, MOVED_MAX},
    errand::Outcome,
    event::Happening,
    policy::{self, Action},
    text,
};

/// What an erased person is called.
const NOBODY: &str = "Erased customer";

/// Takes everything about a customer out: name, addresses, phone numbers, channel identities, notes, sessions, files, the mails as they came, and,
/// if asked for, what they wrote. Their tickets stay, of somebody who is not known. It cannot be undone.
///
/// Who has written on very many tickets is nobody from now on, and is taken out of those batch by batch.
///
/// Errors: `Invalid` when the name was not typed as it is; `Conflict` when they have been changed since they were seen, as
/// somebody else may be one with them by now; `Busy` while others are being made one with them.
#[crate::compiled_here]
pub async fn erase(tx: &mut Tx, actor: &Actor, id: UserId, how: &Erasure) -> Result<Outcome> {
    policy::demand(actor, Action::ErasePeople, None)?;
    let done = erase_if(tx, actor, id, how.messages, async |_, customer| {
        if how.version != customer.version {
            let said = "This customer has been changed in the meantime. Nothing was erased: look again who it is.";
            return Err(Error::new(Code::Conflict, said));
        }
        match text::tidy_line(&how.name) == customer.name {
            true => Ok(true),
            false => Err(Error::field("name", "This is not the name of this customer.")),
        }
    });
    done.await?.ok_or_else(|| internal(&"who is to be erased was passed over"))
}

/// The same, whoever has decided it. `sure`: whether it is still meant, once nothing can happen to them any more. `None`: it is not.
pub(crate) async fn erase_if(
    tx: &mut Tx,
    actor: &Actor,
    id: UserId,
    messages: bool,
    sure: impl AsyncFnOnce(&mut Tx, &Row) -> Result<bool>,
) -> Result<Option<Outcome>> {
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
    let many = tickets.len() as i64 > MOVED_MAX;
    if !many {
        // Before anything is locked or written: see `moving::take_turns`.
        moving::take_turns(tx, &tickets).await?;
    }
    let customer = hold(tx, id).await?;
    if every_row_of(&mut tx.conn, id).await? != ids {
        let said =
            "Somebody else was made one with this customer at this moment. Nothing was erased; please try again.";
        return Err(Error::new(Code::Busy, said));
    }
    errands::demand_none(tx, &ids, &[], None).await?;
    if !sure(tx, &customer).await? {
        return Ok(None);
    }
    let addresses = addresses(tx, &ids).await?;
    let person = Person { ids, addresses, messages, until: tx.at() };
    lists(tx, &person).await?;
    for id in &person.ids {
        retire(tx, UserId(*id), None).await?;
    }
    sqlx::query!("update users set name = $2, merged_into = null where id = any($1)", &person.ids, NOBODY)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    for id in &person.ids {
        second_factor::forget(tx, UserId(*id)).await?;
        picture::replace(tx, UserId(*id), None).await?;
    }
    events::append(tx, actor, None, &Happening::Erased { user: id, messages }).await?;
    if many {
        let all = forget::count(tx, &person.ids).await?;
        errands::begin(tx, actor, Task::Erase { user: id, person }, all).await?;
        return Ok(Some(Outcome::UnderWay));
    }
    let mut place = Place::default();
    while let Some((next, _)) = forget::step(tx, &person, place, i64::from(i32::MAX)).await? {
        place = next;
    }
    Ok(Some(Outcome::Done))
}

/// All that mails and the log may know them by, in lower case.
async fn addresses(tx: &mut Tx, ids: &[i64]) -> Result<Vec<String>> {
    let found = sqlx::query_scalar!(
        r#"select address as "address!" from user_emails where user_id = any($1)
           union select lower(email) from users where id = any($1)"#,
        ids,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    Ok(found)
}

/// What else has their words or addresses in it, and is not much. While their addresses are theirs.
async fn lists(tx: &mut Tx, person: &Person) -> Result<()> {
    for sql in [
        "update users set signature = '', time_zone = null, language = null where id = any($1)",
        "delete from identities where user_id = any($1)",
        "delete from scim_people where user_id = any($1)",
        "delete from scim_members where user_id = any($1)",
        "delete from attempts where user_id = any($1)",
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
        sqlx::query(sql).bind(&person.ids).execute(&mut *tx.conn).await.ours()?;
    }
    channels::forget(tx, &person.ids).await
}
