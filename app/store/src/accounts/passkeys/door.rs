//! Signing in with a passkey alone: it is something that one has, and the device has made sure who holds it. Both factors.

use super::{
    ask_for, not_taken, owner, party,
    question::{self, Asked, Purpose},
    read, take,
};
use crate::{
    Desk,
    accounts::{
        second_factor::{counted, take_turn},
        sign_in::{How, Proved, after_proof},
        throttle,
    },
    events, people,
    tokens::kept_or_fresh,
};
use domain::{
    Actor, Code, Error, Principal, Result,
    event::Happening,
    passkey::{Answer, Nowhere, Place, Question},
};
use webauthn_rs::prelude::PublicKeyCredential;

/// So many questions may be open when a page asks one by itself. Each is a row for five minutes; whoever wants to sign in with
/// a passkey gets theirs in any case.
const OFFERS_MAX: i64 = 10_000;

/// For a passkey that opens nothing: one of nobody, of somebody blocked, or of another address.
fn unknown() -> Error {
    Error::new(
        Code::Invalid,
        "This passkey opens no account here. If it was removed, delete it on your device, too, and sign in another way.",
    )
}

/// Asks for whichever passkey somebody has. `browser`: the value of the cookie that this browser has from before, so that two
/// pages of it can ask at once. `offered`: nobody has asked for it yet, the page only offers passkeys where the address is typed.
/// Returns the cookie's value with the question. Errors: `Impossible` where there are no passkeys; `TooMany` for what is offered
/// while very many are.
#[crate::compiled_here]
pub async fn ask(
    desk: &Desk,
    _actor: &Actor,
    place: std::result::Result<Place, Nowhere>,
    browser: Option<String>,
    offered: bool,
) -> Result<(Question, String)> {
    let place = place?;
    let browser = kept_or_fresh(browser);
    let (options, state) = ask_for(&place, &[])?;
    let asked = Asked { user: None, name: String::new(), place, state };
    let mut tx = desk.begin().await?;
    if offered && question::open(&mut tx, OFFERS_MAX).await? >= OFFERS_MAX {
        return Err(Error::too_many(60));
    }
    let token = question::put(&mut tx, Purpose::Door, &browser, &asked).await?;
    tx.commit_quietly().await?;
    Ok((Question { token, options }, browser))
}

/// Signs somebody in by the answer of their authenticator.
///
/// Errors: `Invalid` with the reason for what is not taken; `Over` when it took too long or was asked elsewhere; `TooMany`
/// after many that were not taken.
#[crate::compiled_here]
pub async fn prove(
    desk: &Desk,
    actor: &Actor,
    browser: &str,
    answer: &Answer,
    agent: &str,
) -> Result<(Principal, Proved)> {
    let said: PublicKeyCredential = read(answer)?;
    let asked = question::take(desk, Purpose::Door, browser, &answer.token).await?;
    let nobodys = throttle::passkey_keys(None, actor.address.as_deref());
    throttle::check(&mut desk.begin().await?, &nobodys).await?;
    let found = match party(&asked.place)?.identify_discoverable_authentication(&said) {
        Ok((handle, credential)) => owner(desk, &asked.place, handle.as_bytes(), credential).await?,
        // An authenticator that does not say whose it is.
        Err(_) => None,
    };
    let mut tx = desk.begin().await?;
    let Some(user) = found else {
        throttle::check_again(&mut tx, &nobodys).await?;
        throttle::failed(&mut tx, &nobodys).await?;
        let why = "it opens no account here".to_owned();
        events::append(&mut tx, actor, None, &Happening::PasskeyRefused { why }).await?;
        tx.commit().await?;
        return Err(unknown());
    };
    let person = people::principal(&mut tx.conn, user).await?;
    let by = Actor::user(person.clone(), actor.address.clone());
    let keys = throttle::passkey_keys(Some(&person.email), actor.address.as_deref());
    take_turn(&mut tx, user, &keys).await?;
    if let Err(why) = take(&mut tx, user, asked, &said).await? {
        counted(tx, &by, &person, &keys, &Happening::PasskeyRefused { why: why.to_owned() }).await?;
        return Err(not_taken(why));
    }
    throttle::succeeded(&mut tx, &keys).await?;
    tx.commit_quietly().await?;
    let proved = after_proof(desk, actor, &person, agent, How::Passkey).await?;
    Ok((person, proved))
}
