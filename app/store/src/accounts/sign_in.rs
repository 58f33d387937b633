//! Signing in with address and password.

use super::{Letter, letters, password, second_factor::step, session, throttle};
use crate::{
    Desk, OrOurs, events,
    outside::{directories, sign_in as outside, ways},
    people,
};
use domain::{
    Actor, Code, Error, FieldError, Principal, ProviderId, Result, UserId,
    event::Happening,
    outside::{Usable, Vouched, only::By},
};

/// What the first proof of who somebody is has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proved {
    /// They are signed in: the value of the session's cookie.
    Opened(String),
    /// They have a second factor, and have to prove it within [`step::LIFETIME_MS`] with [`step::prove`]: the value of the
    /// cookie that only this is good for.
    SecondFactor(String),
}

/// How somebody has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With their password.
    Password,
    /// By the link of a mail.
    Mail,
    /// Another server says so, such as that of their company.
    Outside(ProviderId),
    /// Another server says so, and that they have shown two factors there. It is believed both.
    OutsideTwice(ProviderId),
    /// With a passkey, whose device has made sure that it is them. Both factors.
    Passkey,
}

impl How {
    /// The same for the rule about the only way in.
    fn by(self) -> By {
        match self {
            How::Password => By::Password,
            How::Mail => By::Mail,
            How::Passkey => By::Passkey,
            How::Outside(provider) | How::OutsideTwice(provider) => By::Provider(provider),
        }
    }

    /// Whether nothing more is asked for where there is a second factor.
    fn is_both(self) -> bool {
        matches!(self, How::OutsideTwice(_) | How::Passkey)
    }
}

/// Checks a password, and opens a session where nothing more is asked for.
///
/// Errors: `Invalid` with the same words whether the address or the password is wrong; `TooMany` while the account or the
/// address has to wait; `Unavailable` when the directory that knows the password does not answer; `Forbidden`, in words,
/// when it lets them in and we do not.
#[crate::compiled_here]
pub async fn sign_in(
    desk: &Desk,
    actor: &Actor,
    email: &str,
    password: String,
    agent: &str,
) -> Result<(Principal, Proved)> {
    let (principal, how) = check_password(desk, actor, email, password).await?;
    let proved = after_proof(desk, actor, &principal, agent, how).await?;
    Ok((principal, proved))
}

/// The way on for somebody who has just proved who they are, be it by a password, a link of a mail, a passkey or another
/// server: a session, or the second step where they have a second factor that they have not shown elsewhere. Everything that signs somebody in ends here.
///
/// Errors: `Forbidden` for whoever is bound to another way in; see [`ways`].
#[crate::compiled_here]
pub async fn after_proof(desk: &Desk, actor: &Actor, person: &Principal, agent: &str, how: How) -> Result<Proved> {
    let mut tx = desk.begin().await?;
    // Held, so that one who turns it on meanwhile is asked, and so that whoever makes another way in the only one waits
    // (`ways::settle`): what was proved a moment ago may open nothing any more.
    let second = sqlx::query_scalar!("select second_factor from users where id = $1 for no key update", person.id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    tx = ways::demand(tx, actor, person, how.by()).await?;
    if second && !how.is_both() {
        tracing::debug!(person = person.id.0, ?how, "a second factor is asked for");
        let token = step::begin(&mut tx, person.id).await?;
        tx.commit_quietly().await?;
        return Ok(Proved::SecondFactor(token));
    }
    let token = session::open(&mut tx, person.id, actor.address.as_deref(), agent).await?;
    let by = Actor::user(person.clone(), actor.address.clone());
    events::append(&mut tx, &by, None, &Happening::SignedIn).await?;
    tx.commit().await?;
    Ok(Proved::Opened(token))
}

/// Checks a password, and a code where there is a second factor, for a token instead of a session: the caller hands the token
/// out, which is to carry the number that comes with the person.
///
/// Errors like [`sign_in`]; `SecondFactor` where a code is needed and not there; a field error for a wrong `code`.
#[crate::compiled_here]
pub async fn sign_in_for_token(
    desk: &Desk,
    actor: &Actor,
    email: &str,
    password: String,
    code: Option<&str>,
) -> Result<(Principal, i32)> {
    let (principal, how) = check_password(desk, actor, email, password).await?;
    let mut tx = desk.begin().await?;
    if !matches!(how, How::OutsideTwice(_)) {
        tx = step::demand(desk, tx, actor, &principal, code).await?;
    }
    let epoch = sqlx::query_scalar!("select token_epoch from users where id = $1", principal.id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    // After the number was read: whoever closes this way meanwhile counts it up.
    tx = ways::demand(tx, actor, &principal, how.by()).await?;
    let by = Actor::user(principal.clone(), actor.address.clone());
    events::append(&mut tx, &by, None, &Happening::SignedIn).await?;
    tx.commit().await?;
    Ok((principal, epoch))
}

/// Whose token this is, if it was handed out since they last changed their password or signed out everywhere. One statement.
/// Errors: `Forbidden` for staff who must set a second factor up first.
#[crate::compiled_here]
pub async fn find_by_token(desk: &Desk, id: UserId, epoch: i32) -> Result<Option<Principal>> {
    let Some((person, factor)) = people::principal_of_token(&mut *desk.read().await?, id, epoch).await? else {
        return Ok(None);
    };
    demand_second_factor(desk, &person, &factor)?;
    Ok(Some(person))
}

/// Tokens of staff are worth nothing while they should have a second factor and have none.
pub(super) fn demand_second_factor(desk: &Desk, person: &Principal, factor: &people::SecondFactor) -> Result<()> {
    let due = desk.catalog().second_factor_due(person, factor.joined).filter(|_| !factor.on);
    if due.is_some_and(|due| due <= desk.now()) {
        return Err(Error::new(
            Code::Forbidden,
            "Staff need two-step sign-in here. Sign in with a browser and set it up first.",
        ));
    }
    Ok(())
}

/// What is said to somebody who knows the password of a registration, whose address is still to be proved. `confirm` is no
/// field of the form: its error says that this is the case.
fn unproved() -> Error {
    let mut error = Error::new(
        Code::Forbidden,
        "Please confirm your e-mail address first: open the link in the mail that was sent to you when you registered.",
    );
    error.fields.push(FieldError { field: "confirm".into(), message: error.message.clone() });
    error
}

/// Who has typed the right password.
enum Right {
    /// Of the account here.
    Here,
    /// At a directory, which says who it is.
    There(Box<(Usable, Vouched)>),
}

/// Who this is, if the password is right, and how that is known; counts the failure if it is not.
///
/// It is tried at one place: here, or at the directory that answers for this account or address. Nothing is held of the
/// database meanwhile. Where another way in is the only one, a right password is tried, counted and refused like a wrong one: what
/// is said, how long it takes and when one has to wait follows from the domain of the address, not from what there is here. Whoever
/// is bound by a connected account, and has their address elsewhere, is told so only once their password was right.
#[crate::compiled_here]
pub async fn check_password(desk: &Desk, actor: &Actor, email: &str, password: String) -> Result<(Principal, How)> {
    let email = domain::text::tidy_line(email);
    let wrong = || Error::new(Code::Invalid, "The e-mail address or the password is not right.");
    if email.len() > domain::text::EMAIL_MAX || password.len() > 4 * domain::account::PASSWORD_MAX {
        return Err(wrong());
    }
    let (found, keys, ways, told) = {
        let mut tx = desk.begin().await?;
        let now = tx.at();
        let found = sqlx::query!(
            r#"select u.id as "id?", u.password_hash, u.blocked_at, coalesce(u.second_factor, false) as "second_factor!",
                      -- Of somebody who has registered and not proved the address yet.
                      (select l.password_hash from account_links l
                       where l.purpose = 'register' and lower(l.email) = lower($1) and l.expires_at > $2
                       order by l.id desc limit 1) as registered
               from (values (1)) one left join user_emails e on e.address = lower($1) left join users u on u.id = e.user_id"#,
            email,
            now,
        )
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
        let keys = throttle::keys_of(desk, actor, &email, found.id.map(UserId))?;
        throttle::check(&mut tx, &keys).await?;
        let ways = ways::of(&mut tx.conn, &email).await?;
        let told = ways::told(&mut tx.conn, &email).await?;
        (found, keys, ways, told)
    };
    let way = ways::directory(&ways);
    let refusing = ways::refuses(&ways, By::Password).filter(|_| way.is_none());
    let proved = found.password_hash.is_some();
    let right = match way {
        None => {
            let hash = found.password_hash.or(found.registered);
            password::verify(desk, password, hash).await?.then_some(Right::Here)
        }
        Some(way) => {
            let directory = directories::of_way(desk, way).await?;
            let who = directories::ask(desk, &directory, &email, &password).await?;
            who.map(|who| Right::There(Box::new((directory, who))))
        }
    };
    let mut tx = desk.begin().await?;
    throttle::check_again(&mut tx, &keys).await?;
    match (right, found.id) {
        (Some(Right::There(there)), _) => {
            let (directory, who) = *there;
            // Somebody else has the address there by now.
            if way.and_then(|way| way.subject.as_ref()).is_some_and(|subject| *subject != who.subject) {
                drop(tx);
                let why = format!("{} knows somebody else by this address.", directory.name);
                outside::refused(desk, actor, &directory, &why).await?;
                return Err(Error::new(Code::Forbidden, why));
            }
            let twice = directory.trusts_mfa && who.mfa;
            if twice || !found.second_factor {
                throttle::succeeded(&mut tx, &keys).await?;
            }
            tx.commit_quietly().await?;
            let known = outside::sign_in(desk, actor, &directory, &who).await?;
            let how = if known.second_factor { How::OutsideTwice } else { How::Outside };
            Ok((known.person, how(directory.id)))
        }
        (Some(Right::Here), Some(id)) if proved && found.blocked_at.is_none() && refusing.is_none() => {
            // Who is to guess a code after it must not start anew with each password.
            if !found.second_factor {
                throttle::succeeded(&mut tx, &keys).await?;
            }
            let principal = people::principal(&mut tx.conn, UserId(id)).await?;
            tx.commit().await?;
            Ok((principal, How::Password))
        }
        (Some(Right::Here), _) if !proved && found.blocked_at.is_none() && refusing.is_none() => Err(unproved()),
        (right, id) => {
            if throttle::failed(&mut tx, &keys).await? && throttle::notice(&mut tx, &email).await? {
                // Whether there is such an account is found out when the mail is sent, so that this takes as long as ever.
                events::append(&mut tx, actor, None, &Happening::Locked { email: email.clone() }).await?;
                letters::post(&mut tx, Letter::Locked { email: email.clone(), from: actor.address.clone() }).await?;
            }
            let known = id.filter(|_| right.is_some() && proved && found.blocked_at.is_none());
            let proved = refusing.zip(known);
            if let Some((way, id)) = &proved {
                let person = people::principal(&mut tx.conn, UserId(*id)).await?;
                ways::refused(&mut tx, actor, &person, way, By::Password).await?;
            } else {
                events::append(&mut tx, actor, None, &Happening::SignInFailed { email }).await?;
            }
            tx.commit().await?;
            // Whose password is tried at a directory is told by it.
            Err(told.filter(|_| way.is_none()).or_else(|| proved.map(|(way, _)| way.refusal())).unwrap_or_else(wrong))
        }
    }
}
