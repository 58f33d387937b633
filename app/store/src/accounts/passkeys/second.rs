//! A passkey as the second step of signing in, after a password or what else stands for it.

use super::{
    all_at, ask_for, not_taken,
    question::{self, Asked, Purpose},
    read, take,
};
use crate::{
    Desk,
    accounts::{
        second_factor::{counted, step, take_turn},
        throttle,
    },
    people,
};
use domain::{
    Actor, Code, Error, Principal, Result,
    event::Happening,
    passkey::{Answer, Nowhere, Place, Question},
};
use webauthn_rs::prelude::PublicKeyCredential;

/// Asks for one of the passkeys of who has proved the first factor with this cookie. Errors: `SignedOut` when it is not the
/// turn of whoever asks; `Impossible` where they have no passkey for this address.
#[crate::compiled_here]
pub async fn ask(
    desk: &Desk,
    _actor: &Actor,
    token: &str,
    place: std::result::Result<Place, Nowhere>,
) -> Result<Question> {
    let mut tx = desk.begin().await?;
    let user = step::find(&mut tx, token).await?;
    let place = place?;
    let among = all_at(&mut tx, user, &place).await?;
    if among.is_empty() {
        return Err(Error::new(Code::Impossible, "You have no passkey for this address."));
    }
    let (options, state) = ask_for(&place, &among)?;
    let asked = Asked { user: Some(user), name: String::new(), place, state };
    let question = question::put(&mut tx, Purpose::Second, token, &asked).await?;
    tx.commit_quietly().await?;
    Ok(Question { token: question, options })
}

/// Proves the second factor by the answer of an authenticator, and opens the session. Returns the person and the session
/// cookie's value.
///
/// Errors: `SignedOut` when it took too long; `Invalid` with the reason for what is not taken; `Over` for an answer that
/// was not asked for here; `TooMany` while the account or the address has to wait.
#[crate::compiled_here]
pub async fn prove(
    desk: &Desk,
    actor: &Actor,
    token: &str,
    answer: &Answer,
    agent: &str,
) -> Result<(Principal, String)> {
    let user = step::find(&mut desk.begin().await?, token).await?;
    let said: PublicKeyCredential = read(answer)?;
    let asked = question::take(desk, Purpose::Second, token, &answer.token).await?;
    let mut tx = desk.begin().await?;
    let person = people::principal(&mut tx.conn, user).await?;
    let keys = throttle::keys_of(desk, actor, &person.email, Some(person.id))?;
    let by = Actor::user(person.clone(), actor.address.clone());
    take_turn(&mut tx, user, &keys).await?;
    if let Err(why) = take(&mut tx, user, asked, &said).await? {
        counted(tx, &by, &person, &keys, &Happening::PasskeyRefused { why: why.to_owned() }).await?;
        return Err(not_taken(why));
    }
    step::end(tx, actor, person, token, &keys, agent).await
}
