//! Who customers are on channels other than mail: a table of its own, so that what comes in from there finds exactly one of them.

use crate::{OrOurs, Tx};
use domain::{
    Actor, Code, Error, Result, UserId,
    channel::{CHANNELS_MAX, Channel, Identity},
    error::Problems,
    policy::{self, Action},
};
use std::collections::HashMap;

/// Who has an identity.
pub(crate) struct Owner {
    pub id: i64,
    name: String,
    customer: bool,
}

/// What somebody who is not the one that is edited is called, to who edits: nothing of colleagues, and of customers what this
/// person may read.
pub(super) fn whose(actor: &Actor, name: String, customer: bool) -> String {
    match customer {
        false => "one of your colleagues".to_owned(),
        true if policy::may(actor, Action::SeePeople, None) => name,
        true => "another customer".to_owned(),
    }
}

/// Channels and identifiers apart, as statements take them.
fn apart<'a>(all: impl IntoIterator<Item = &'a Identity>) -> (Vec<String>, Vec<String>) {
    all.into_iter().map(|one| (one.channel.word().to_owned(), one.identifier.clone())).unzip()
}

/// Those of a customer.
pub(super) async fn of(tx: &mut Tx, id: UserId) -> Result<Vec<Identity>> {
    of_many(tx, &[id.0]).await
}

async fn of_many(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Identity>> {
    let rows = sqlx::query!("select channel, identifier, name from channel_identities where user_id = any($1)", ids)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    let read = |(word, identifier, name): (String, String, String)| {
        Some(Identity { channel: Channel::from_word(&word)?, identifier, name })
    };
    let mut all: Vec<Identity> = rows.into_iter().filter_map(|r| read((r.channel, r.identifier, r.name))).collect();
    all.sort();
    Ok(all)
}

/// Who has these, by channel and identifier. No statement for none.
pub(crate) async fn owners(tx: &mut Tx, wanted: &[&Identity]) -> Result<HashMap<(Channel, String), Owner>> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let (channels, identifiers) = apart(wanted.iter().copied());
    let rows = sqlx::query!(
        r#"select i.channel, i.identifier, u.id, u.name, u.role = 'customer' as "customer!"
           from unnest($1::text[], $2::text[]) as w (channel, identifier)
           join channel_identities i on i.channel = w.channel and i.identifier = w.identifier
           join users u on u.id = i.user_id"#,
        &channels,
        &identifiers,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let known = rows.into_iter().filter_map(|r| {
        let owner = Owner { id: r.id, name: r.name, customer: r.customer };
        Some(((Channel::from_word(&r.channel)?, r.identifier), owner))
    });
    Ok(known.collect())
}

/// Notes identities that are somebody else's.
pub(super) async fn taken(
    tx: &mut Tx,
    actor: &Actor,
    own: Option<UserId>,
    wanted: &[Identity],
    problems: &mut Problems,
) -> Result<()> {
    let mut owners = owners(tx, &wanted.iter().collect::<Vec<_>>()).await?;
    for one in wanted {
        let owner = owners.remove(&(one.channel, one.identifier.clone()));
        if let Some(owner) = owner.filter(|owner| own != Some(UserId(owner.id))) {
            problems.add("channels", one.taken(&whose(actor, owner.name, owner.customer)));
        }
    }
    Ok(())
}

/// Gives a customer these and no others. One that somebody got just now is refused like in [`taken`].
pub(super) async fn set(tx: &mut Tx, id: UserId, wanted: &[Identity]) -> Result<()> {
    let (channels, identifiers) = apart(wanted);
    sqlx::query!(
        "delete from channel_identities i where user_id = $1 and not exists (
             select from unnest($2::text[], $3::text[]) as w (channel, identifier)
             where w.channel = i.channel and w.identifier = i.identifier)",
        id.0,
        &channels,
        &identifiers,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    add(tx, &wanted.iter().map(|one| (id.0, one)).collect::<Vec<_>>()).await
}

/// Adds identities that nobody else has, in one order everywhere. No statement for none.
pub(crate) async fn add(tx: &mut Tx, wanted: &[(i64, &Identity)]) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let mut wanted = wanted.to_vec();
    wanted.sort_by_key(|(id, one)| (one.channel, &one.identifier, *id));
    wanted.dedup_by(|(a, one), (b, other)| a == b && one.is(other));
    let (channels, identifiers) = apart(wanted.iter().map(|(_, one)| *one));
    let added = sqlx::query!(
        "insert into channel_identities as i (channel, identifier, user_id, name)
         select w.channel, w.identifier, w.user_id, w.name
         from unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) as w (channel, identifier, user_id, name)
         order by 1, 2
         on conflict (channel, identifier) do update set name = excluded.name where i.user_id = excluded.user_id",
        &channels,
        &identifiers,
        &wanted.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        &wanted.iter().map(|(_, one)| one.name.clone()).collect::<Vec<_>>(),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if added.rows_affected() < wanted.len() as u64 {
        return Err(Error::field("channels", "One of these channel identities is somebody else's already."));
    }
    Ok(())
}

/// Gives those of one to the other, with whom they are one. Each leads to one person already, so none is there twice.
pub(super) async fn merge(tx: &mut Tx, kept: UserId, gone: UserId) -> Result<()> {
    if of_many(tx, &[kept.0, gone.0]).await?.len() > CHANNELS_MAX {
        return Err(Error::new(
            Code::Impossible,
            "Together they have more than 20 channel identities. Remove some of them first.",
        ));
    }
    sqlx::query!("update channel_identities set user_id = $1 where user_id = $2", kept.0, gone.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Takes those of erased people out, also where a line of a file was refused for them.
pub(super) async fn forget(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    let told: Vec<String> = of_many(tx, ids).await?.iter().map(|one| one.taken("another customer")).collect();
    if told.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "delete from import_refusals where exists (select from unnest($1::text[]) t where strpos(reason, t) > 0)",
        &told,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!("delete from channel_identities where user_id = any($1)", ids).execute(&mut *tx.conn).await.ours()?;
    Ok(())
}
