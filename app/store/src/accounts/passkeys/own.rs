//! One's own passkeys.

use super::{
    all_at, not_taken, party,
    question::{self, Asked, Purpose},
    read, to_json, why,
};
use crate::{
    Desk, OrOurs, Tx,
    accounts::{Letter, letters, own::prove, second_factor},
    events,
};
use domain::{
    Actor, Code, Error, PasskeyId, Result, SessionId,
    event::{Happening, Was},
    passkey::{Answer, Nowhere, PASSKEYS_MAX, Passkey, Passkeys, Place, Question, checked_name},
};
use serde_json::{Value, json};
use webauthn_rs::prelude::{Credential, PasskeyRegistration, RegisterPublicKeyCredential, Uuid};

/// All that one has, in the order in which they were added, as they are of use at a place.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor, place: std::result::Result<Place, Nowhere>) -> Result<Passkeys> {
    let person = actor.signed_in()?.id;
    let mut conn = desk.read().await?;
    let rows = sqlx::query!(
        "select id, name, host, synced, added_at, last_used_at from passkeys where user_id = $1 order by id",
        person.0,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    conn.done();
    let here = place.as_ref().ok().map(|place| place.host.as_str());
    let all = rows.into_iter().map(|row| Passkey {
        id: PasskeyId(row.id),
        name: row.name,
        added_at: row.added_at.into(),
        last_used_at: row.last_used_at.map(Into::into),
        synced: row.synced,
        elsewhere: (here != Some(&row.host)).then_some(row.host),
    });
    Ok(Passkeys { all: all.collect(), nowhere: place.err() })
}

/// Which browser somebody is asked in who is signed in. Errors: `Impossible` for programs, which have none.
fn browser(session: Option<SessionId>) -> Result<String> {
    let session = session
        .ok_or_else(|| Error::new(Code::Impossible, "Passkeys are added in a browser, by whoever is signed in."))?;
    Ok(format!("session {session}"))
}

/// Refuses one more where there are as many as may be. Holds the account.
async fn demand_room(tx: &mut Tx, person: domain::UserId) -> Result<()> {
    sqlx::query!("select id from users where id = $1 for no key update", person.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from passkeys where user_id = $1"#, person.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if count >= PASSKEYS_MAX {
        return Err(Error::new(
            Code::Impossible,
            "You have 20 passkeys, which is as many as there can be. Remove one first.",
        ));
    }
    Ok(())
}

/// Begins to add a passkey. Errors: field errors for `name` and `password`; `TooMany`; `Impossible` with too many, or where there
/// are no passkeys at this address.
#[crate::compiled_here]
pub async fn begin(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    place: std::result::Result<Place, Nowhere>,
    name: &str,
    password: String,
) -> Result<Question> {
    actor.signed_in()?;
    let (place, name) = (place?, checked_name(name)?);
    let browser = browser(session)?;
    let person = prove(desk, actor, session, password).await?;
    let mut tx = desk.begin().await?;
    demand_room(&mut tx, person.id).await?;
    let handle = sqlx::query_scalar!(
        r#"update users set passkey_handle = coalesce(passkey_handle, $2) where id = $1 returning passkey_handle as "handle!""#,
        person.id.0,
        &rand::random::<[u8; 16]>(),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let handle = Uuid::from_slice(&handle).map_err(|cause| crate::error::internal(&cause))?;
    // An authenticator that has one already says so, instead of making another.
    let there = all_at(&mut tx, person.id, &place).await?.iter().map(|key| key.cred_id().clone()).collect();
    let (options, state) = party(&place)?
        .start_passkey_registration(handle, &person.email, &person.name, Some(there))
        .map_err(|cause| crate::error::internal(&cause))?;
    let mut options = json!({ "publicKey": to_json(&options)?["publicKey"].take() });
    // Found without a name being typed wherever the authenticator can keep it; where it cannot, it is still a second step.
    options["publicKey"]["authenticatorSelection"]["residentKey"] = Value::from("preferred");
    let asked = Asked { user: Some(person.id), name, place, state: to_json(&state)? };
    let token = question::put(&mut tx, Purpose::Add, &browser, &asked).await?;
    tx.commit_quietly().await?;
    Ok(Question { token, options: options.to_string() })
}

/// Adds the passkey that a browser has made. Returns recovery codes where there are none yet: they are shown this once.
///
/// Errors: `Invalid` with the reason for what is not taken; `Over` when it took too long or was asked elsewhere; `Impossible` with
/// too many; `Taken` when somebody has it already.
#[crate::compiled_here]
pub async fn finish(desk: &Desk, actor: &Actor, session: Option<SessionId>, answer: &Answer) -> Result<Vec<String>> {
    let person = actor.signed_in()?;
    let made: RegisterPublicKeyCredential = read(answer)?;
    let asked = question::take(desk, Purpose::Add, &browser(session)?, &answer.token).await?;
    if asked.user != Some(person.id) {
        return Err(Error::new(Code::Over, "This was begun by somebody else. Please begin again."));
    }
    let state: PasskeyRegistration = super::of_json(asked.state)?;
    let key = party(&asked.place)?.finish_passkey_registration(&made, &state).map_err(|error| {
        tracing::info!(user = person.id.0, %error, "a passkey was not added");
        not_taken(why(&error))
    })?;
    let stored = to_json(&key)?;
    let credential = Credential::from(key);
    let mut tx = desk.begin().await?;
    demand_room(&mut tx, person.id).await?;
    let now = tx.at();
    let added = sqlx::query!(
        "insert into passkeys (user_id, name, host, credential_id, credential, synced, added_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (credential_id) do nothing",
        person.id.0,
        asked.name,
        asked.place.host,
        AsRef::<[u8]>::as_ref(&credential.cred_id),
        stored,
        credential.backup_state,
        now,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if added.rows_affected() == 0 {
        return Err(Error::new(Code::Taken, "This passkey is in use already. Please make another."));
    }
    events::append(&mut tx, actor, None, &Happening::PasskeyAdded { name: asked.name.clone() }).await?;
    letters::post(&mut tx, Letter::PasskeyChanged { user: person.id, name: asked.name, added: true }).await?;
    let codes = second_factor::codes_if_none(&mut tx, person.id).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Calls a passkey otherwise. Errors: a field error for `name`; `NotFound`.
#[crate::compiled_here]
pub async fn rename(tx: &mut Tx, actor: &Actor, id: PasskeyId, name: &str) -> Result<()> {
    let person = actor.signed_in()?.id;
    let name = checked_name(name)?;
    let was =
        sqlx::query_scalar!("select name from passkeys where id = $1 and user_id = $2 for update", id.0, person.0,)
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?
            .ok_or_else(|| Error::not_found("passkey"))?;
    if was == name {
        return Ok(());
    }
    sqlx::query!("update passkeys set name = $2 where id = $1", id.0, name).execute(&mut *tx.conn).await.ours()?;
    events::append(tx, actor, None, &Happening::PasskeyRenamed(Was { from: was, to: name })).await?;
    Ok(())
}

/// Takes a passkey away. Errors: a field error for `password`; `TooMany`; `NotFound`.
#[crate::compiled_here]
pub async fn remove(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    id: PasskeyId,
    password: String,
) -> Result<()> {
    let person = prove(desk, actor, session, password).await?;
    let mut tx = desk.begin().await?;
    let name =
        sqlx::query_scalar!("delete from passkeys where id = $1 and user_id = $2 returning name", id.0, person.id.0,)
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?
            .ok_or_else(|| Error::not_found("passkey"))?;
    events::append(&mut tx, actor, None, &Happening::PasskeyRemoved { name: name.clone() }).await?;
    letters::post(&mut tx, Letter::PasskeyChanged { user: person.id, name, added: false }).await?;
    tx.commit().await
}
