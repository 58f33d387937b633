//! One's own connected accounts.

use super::{
    directories, providers,
    sign_in::link,
    ways::{self, Whom},
};
use crate::{Desk, OrOurs, Tx, accounts::throttle, events};
use domain::{
    Actor, Code, Error, IdentityId, ProviderId, Result, SessionId, UserId,
    account::PASSWORD_MAX,
    event::Happening,
    outside::{Audience, Button, Connected, Connections, Kind, SUBJECT_MAX, Usable, Vouched},
};

/// The most accounts elsewhere that one account is connected with.
const MOST: usize = 20;

/// One's connected accounts, and those that one could connect. Two statements.
#[crate::compiled_here]
pub async fn own(desk: &Desk, actor: &Actor) -> Result<Connections> {
    let person = actor.signed_in()?;
    let mut conn = desk.read().await?;
    let connected = sqlx::query!(
        "select i.id, p.name, i.email, i.linked_at, i.last_used_at from identities i join providers p on p.id = i.provider_id
         where i.user_id = $1 order by i.id limit 100",
        person.id.0,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?
    .into_iter()
    .map(|r| Connected {
        id: IdentityId(r.id),
        provider: r.name,
        email: r.email,
        linked_at: r.linked_at.into(),
        last_used_at: r.last_used_at.map(Into::into),
    })
    .collect();
    let more = sqlx::query!(
        "select id, name, kind from providers p
         where enabled and (audience = 'everybody' or company_id = $2 or (audience = 'staff' and $3))
             and not exists (select 1 from identities i where i.provider_id = p.id and i.user_id = $1)
         order by lower(name) limit 20",
        person.id.0,
        person.company.map(|c| c.0),
        person.role.is_staff(),
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?
    .into_iter()
    .filter_map(|r| Some(Button { id: ProviderId(r.id), name: r.name, kind: Kind::from_word(&r.kind)? }))
    .collect();
    conn.done();
    Ok(Connections { connected, more })
}

/// Whether this person may connect an account there.
fn demand_theirs(actor: &Actor, provider: &Usable) -> Result<()> {
    let person = actor.signed_in()?;
    let theirs = match provider.audience {
        Audience::Everybody => true,
        Audience::Company => person.company.is_some() && person.company == provider.company,
        Audience::Staff => person.role.is_staff(),
    };
    if theirs { Ok(()) } else { Err(Error::not_found("way in")) }
}

/// Whether this person may be sent there, to connect an account. Errors: `NotFound` for a provider of others.
#[crate::compiled_here]
pub async fn may_connect(actor: &Actor, provider: &Usable) -> Result<()> {
    demand_theirs(actor, provider)
}

/// Connects one's own account with the one that a provider vouches for. One that is connected already stays so. `session`: the one
/// in which they do it, which stays also when they are bound to that provider from now on.
///
/// Errors: `Taken` when that is connected with somebody else.
#[crate::compiled_here]
pub async fn connect(
    tx: &mut Tx,
    actor: &Actor,
    session: Option<SessionId>,
    provider: &Usable,
    who: &Vouched,
) -> Result<()> {
    demand_theirs(actor, provider)?;
    let person = actor.signed_in()?;
    if who.subject.is_empty() || who.subject.len() > SUBJECT_MAX {
        return Err(Error::new(Code::Forbidden, format!("{} did not say who you are.", provider.name)));
    }
    let bound = ways::before(tx, Whom::People(&[person.id])).await?.but(session);
    // One after the other: two at once would both find it free.
    sqlx::query!("select id from providers where id = $1 for update", provider.id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    let there = sqlx::query!(
        r#"select (select user_id from identities where provider_id = $1 and subject = $2) as "whose?",
                  (select count(*) from identities where user_id = $3) as "count!""#,
        provider.id.0,
        who.subject,
        person.id.0,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    match there.whose {
        Some(whose) if whose == person.id.0 => return Ok(()),
        Some(_) => {
            return Err(Error::new(
                Code::Taken,
                format!("That account at {} is connected with somebody else's account here.", provider.name),
            ));
        }
        None => {}
    }
    if there.count >= MOST as i64 {
        return Err(Error::new(Code::Impossible, "You have connected 20 accounts already. Disconnect one first."));
    }
    link(tx, provider, who, person.id, false).await?;
    let what = Happening::Connected { provider: provider.name.clone(), user: person.id };
    events::append(tx, actor, None, &what).await?;
    ways::settle(tx, actor, bound).await
}

/// Connects one's own account with one's entry in a directory, by the password there. Wrong ones count like those of who is
/// asked for their password here.
///
/// Errors: a field error for `password`; `NotFound` for a directory of others; `TooMany` after wrong passwords;
/// `Unavailable` when the directory does not answer; `Taken` like [`connect`].
#[crate::compiled_here]
pub async fn connect_directory(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    id: ProviderId,
    password: &str,
) -> Result<()> {
    let person = actor.signed_in()?;
    let directory = providers::in_use(desk, id).await?;
    if directory.kind.redirects() {
        return Err(Error::not_found("way in"));
    }
    demand_theirs(actor, &directory)?;
    let keys = throttle::keys_of_proof(person.id);
    throttle::check(&mut desk.begin().await?, &keys).await?;
    let who = match password.len() <= 4 * PASSWORD_MAX {
        true => directories::ask(desk, &directory, &person.email, password).await?,
        false => None,
    };
    let mut tx = desk.begin().await?;
    throttle::check_again(&mut tx, &keys).await?;
    let Some(who) = who else {
        throttle::failed(&mut tx, &keys).await?;
        events::append(&mut tx, actor, None, &Happening::SignInFailed { email: person.email.clone() }).await?;
        tx.commit().await?;
        let wrong = format!("{} does not know your address, or this is not the password there.", directory.name);
        return Err(Error::field("password", wrong));
    };
    throttle::succeeded(&mut tx, &keys).await?;
    connect(&mut tx, actor, session, &directory, &who).await?;
    tx.commit().await
}

/// Takes the connections away by which a company's provider would still open the account of somebody who is not its company's any
/// more: who has another company by now, or has come to staff. What they see since is nothing that it may vouch for. Individuals
/// stay connected, for they have no company that it could be a stranger to; and a company that was merged is the one it became.
///
/// Of these people, and of whoever is connected by these ways in. Returns whose were taken away.
pub(crate) async fn leave_strangers(tx: &mut Tx, actor: &Actor, people: &[i64], ways: &[i64]) -> Result<Vec<UserId>> {
    let gone = sqlx::query!(
        "delete from identities i using providers p, companies c, users u left join companies o on o.id = u.company_id
         where (i.user_id = any($1) or i.provider_id = any($2)) and p.id = i.provider_id and u.id = i.user_id
             and c.id = p.company_id and p.audience = 'company'
             and (u.role <> 'customer' or coalesce(o.merged_into, o.id) <> coalesce(c.merged_into, c.id))
         returning p.name, i.user_id",
        people,
        ways,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let mut whose = Vec::with_capacity(gone.len());
    for r in gone {
        let user = UserId(r.user_id);
        events::append(tx, actor, None, &Happening::Disconnected { provider: r.name, user }).await?;
        whose.push(user);
    }
    Ok(whose)
}

/// Takes a connection away.
///
/// Errors: `Impossible` for the last way in that somebody has, and for the only one that they may take.
#[crate::compiled_here]
pub async fn disconnect(tx: &mut Tx, actor: &Actor, id: IdentityId) -> Result<()> {
    let person = actor.signed_in()?;
    let state = sqlx::query!(
        "select password_hash is not null as \"password!\" from users where id = $1 for update",
        person.id.0
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let only = sqlx::query_scalar!(
        r#"select b.name as "name!" from identities i
               join ways_bound b on b.provider_id = i.provider_id and b.user_id = i.user_id
           where i.id = $1 and i.user_id = $2 and b.only_way and not b.exempt"#,
        id.0,
        person.id.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    if let Some(name) = only {
        return Err(Error::new(Code::Impossible, format!("{name} is your only way in, so it stays connected.")));
    }
    let provider = sqlx::query_scalar!(
        "delete from identities i using providers p where i.id = $1 and i.user_id = $2 and p.id = i.provider_id returning p.name",
        id.0,
        person.id.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("connected account"))?;
    let another = sqlx::query_scalar!(
        r#"select exists (select 1 from identities i join providers p on p.id = i.provider_id
               where i.user_id = $1 and p.enabled) as "another!""#,
        person.id.0,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if !state.password && !another {
        return Err(Error::new(
            Code::Impossible,
            "This is the only way in to your account. Choose a password first: sign out, and say that you have forgotten it.",
        ));
    }
    events::append(tx, actor, None, &Happening::Disconnected { provider, user: person.id }).await?;
    Ok(())
}
