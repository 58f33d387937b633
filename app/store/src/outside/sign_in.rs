//! Somebody comes by a provider: known from before, or for the first time.
//!
//! An account that is there is only ever given to somebody who comes for the first time when the address is sure to be theirs:
//! the provider says that it has proved it, or it is the one that answers for the address's domain. What people on staff may
//! do is too much for that: they connect accounts themselves, while they are signed in, unless their provider is marked as their
//! only way in ([`super::ways`]): then it answers for them, and they could not come otherwise.

use super::{
    identities, providers, teams,
    ways::{self, Whom},
};
use crate::{Desk, OrOurs, Tx, access, accounts, events, people, scim};
use domain::{
    Actor, Code, Error, Principal, Result, Role, UserId,
    event::Happening,
    outside::{Audience, SUBJECT_MAX, Usable, Vouched, domain_of, only::By},
    people::Person,
    text,
};

/// Somebody whom a provider vouches for, and who is let in.
#[derive(Debug)]
pub struct Proved {
    pub person: Principal,
    /// Whether they have shown a second factor there, and this provider is believed that.
    pub second_factor: bool,
}

/// Finds or makes the account of whom a provider vouches for.
///
/// Errors: `Forbidden`, in words for them, when they are not let in. The security log has it then, too.
#[crate::compiled_here]
pub async fn sign_in(desk: &Desk, actor: &Actor, provider: &Usable, who: &Vouched) -> Result<Proved> {
    let mut tx = desk.begin().await?;
    match attempt(&mut tx, actor, provider, who).await {
        Ok(Outcome::In(person)) => {
            let by = Actor::user(person.clone(), actor.address.clone());
            events::append(&mut tx, &by, None, &Happening::Vouched { provider: provider.name.clone() }).await?;
            tx.commit().await?;
            Ok(Proved { person, second_factor: provider.trusts_mfa && who.mfa })
        }
        Ok(Outcome::Out(error)) => {
            tx.commit().await?;
            refused(desk, actor, provider, &error.message).await?;
            Err(error)
        }
        Err(error) if error.code == Code::Forbidden => {
            drop(tx);
            refused(desk, actor, provider, &error.message).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Writes down that somebody came and was not let in.
#[crate::compiled_here]
pub async fn refused(desk: &Desk, actor: &Actor, provider: &Usable, why: &str) -> Result<()> {
    let mut tx = desk.begin().await?;
    let what = Happening::OutsideRefused { provider: provider.name.clone(), why: text::excerpt(why, 300) };
    events::append(&mut tx, actor, None, &what).await?;
    tx.commit().await
}

fn no(message: impl Into<String>) -> Error {
    Error::new(Code::Forbidden, message.into())
}

/// What has come of it, with what was done on the way.
enum Outcome {
    In(Principal),
    /// They are not let in any more, and signed out where they still are.
    Out(Error),
}

async fn attempt(tx: &mut Tx, actor: &Actor, provider: &Usable, who: &Vouched) -> Result<Outcome> {
    let name = &provider.name;
    if who.subject.is_empty() || who.subject.len() > SUBJECT_MAX {
        return Err(no(format!("{name} did not say who you are.")));
    }
    // Nobody who rights are taken from meanwhile comes in with them.
    access::take_turn(tx).await?;
    ways::take_turn_of_people(tx).await?;
    let enabled = sqlx::query_scalar!("select enabled from providers where id = $1 for share", provider.id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?;
    if enabled != Some(true) {
        return Err(no(format!("Signing in by {name} is switched off.")));
    }
    let at = tx.at();
    let known = sqlx::query!(
        "update identities i set last_used_at = $3, email = $4 from users u
         where i.provider_id = $1 and i.subject = $2 and u.id = i.user_id
         returning u.id, i.made, u.blocked_at is not null as \"blocked!\"",
        provider.id.0,
        who.subject,
        at,
        shown(&who.email),
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    if let Some(known) = known {
        if known.blocked {
            return Err(no("This account is blocked. Please ask the people whose desk this is."));
        }
        let id = UserId(known.id);
        // Of before it was looked at whenever somebody's company or role changes.
        if !identities::leave_strangers(tx, &by_provider(actor), &[id.0], &[]).await?.is_empty() {
            return Ok(Outcome::Out(no(format!(
                "This account is not of the company any more that {name} vouches for. Please sign in another way."
            ))));
        }
        give_teams(tx, actor, provider, who, id).await?;
        if known.made
            && provider.audience == Audience::Staff
            && !scim::rights::are_of_groups(tx, provider.id, id).await?
        {
            match give_role(tx, actor, provider, who, id).await {
                Err(error) if error.code == Code::Forbidden => {
                    end_everything(tx, actor, id).await?;
                    return Ok(Outcome::Out(error));
                }
                done => done?,
            }
        }
        let person = people::principal(&mut tx.conn, id).await?;
        demand_way(tx, provider, &person).await?;
        return Ok(Outcome::In(person));
    }
    let announced = announced(tx, provider, who).await?;
    let announced_before = announced.is_some();
    let (id, made) = match announced {
        Some(announced) => announced,
        None => first_time(tx, provider, who).await?,
    };
    let bound = ways::before(tx, Whom::Held(id)).await?;
    link(tx, provider, who, id, made).await?;
    give_teams(tx, actor, provider, who, id).await?;
    let person = people::principal(&mut tx.conn, id).await?;
    demand_way(tx, provider, &person).await?;
    let by = Actor::user(person.clone(), actor.address.clone());
    let what = match made && !announced_before {
        true => Happening::MadeOutside { provider: name.clone(), user: id },
        false => Happening::Connected { provider: name.clone(), user: id },
    };
    events::append(tx, &by, None, &what).await?;
    ways::settle(tx, &by, bound).await?;
    // Links that were sent to the address before are of no use to anybody else any more.
    accounts::link::end_all(tx, id).await?;
    Ok(Outcome::In(person))
}

/// Refuses whom another provider is the only way in of.
async fn demand_way(tx: &mut Tx, provider: &Usable, person: &Principal) -> Result<()> {
    let bound = ways::of(&mut tx.conn, &person.email).await?;
    match ways::refuses(&bound, By::Provider(provider.id)) {
        Some(way) => Err(way.refusal()),
        None => Ok(()),
    }
}

/// Signs somebody out everywhere to whom no group gives a role any more. The role stays written down, for a group may come
/// back; without one of them, nobody gets in by it.
async fn end_everything(tx: &mut Tx, actor: &Actor, id: UserId) -> Result<()> {
    let count = accounts::session::end_all(tx, id, None).await?;
    accounts::session::end_tokens(tx, id).await?;
    accounts::api_tokens::end_all(tx, id).await?;
    let person = people::principal(&mut tx.conn, id).await?;
    let by = Actor::user(person, actor.address.clone());
    events::append(tx, &by, None, &Happening::SessionsRevoked { count }).await?;
    Ok(())
}

/// An address as it may be kept: anything else is not shown.
fn shown(email: &str) -> &str {
    if text::is_email(email) { email } else { "" }
}

/// Notes whose account there is connected with whom here.
pub(super) async fn link(tx: &mut Tx, provider: &Usable, who: &Vouched, id: UserId, made: bool) -> Result<()> {
    let at = tx.at();
    sqlx::query!(
        "insert into identities (provider_id, subject, user_id, email, made, linked_at, last_used_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
        provider.id.0,
        who.subject,
        id.0,
        shown(&who.email),
        made,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// Who comes for the first time, but was announced by this provider before: under the number that it knows them by, or with the
/// address that it vouches for. Staff, too: their account is one that it has made, or they have connected themselves.
async fn announced(tx: &mut Tx, provider: &Usable, who: &Vouched) -> Result<Option<(UserId, bool)>> {
    let email = text::tidy_line(&who.email);
    let theirs = match domain_of(&email) {
        Some(domain) => answers_for(tx, provider, who, &domain).await.is_ok(),
        None => false,
    };
    let found = sqlx::query!(
        r#"select v.user_id as "user_id!", v.made as "made!", v.user_blocked_at is not null as "blocked!"
           from scim_visible v
           where v.provider_id = $1 and v.announced
               and (v.external_id = $2
                   or ($4 and (lower(v.email) = lower($3) or lower(v.user_name) = lower($3))))
           order by v.external_id is not distinct from $2 desc limit 1"#,
        provider.id.0,
        who.subject,
        email,
        theirs,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    match found {
        Some(found) if found.blocked => {
            Err(no("This account is blocked, or has no role yet. Please ask the people whose desk this is."))
        }
        Some(found) => Ok(Some((UserId(found.user_id), found.made))),
        None => Ok(None),
    }
}

/// Whose account somebody gets who comes for the first time, and whether it was made for them.
async fn first_time(tx: &mut Tx, provider: &Usable, who: &Vouched) -> Result<(UserId, bool)> {
    let name = &provider.name;
    let email = text::tidy_line(&who.email);
    let Some(domain) = domain_of(&email) else {
        return Err(no(format!(
            "{name} did not tell your e-mail address, so it is not known which account is yours. Allow it there, or sign \
             in with your password and connect {name} on your profile page."
        )));
    };
    answers_for(tx, provider, who, &domain).await?;
    let known = sqlx::query!(
        "select u.id, u.role, u.company_id, u.blocked_at is not null as \"blocked!\"
         from user_emails e join users u on u.id = e.user_id where e.address = lower($1) for update of u",
        email,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let Some(known) = known else {
        if !provider.creates {
            return Err(no(format!(
                "There is no account with the address that {name} names, and none is made for it. Please ask the people whose \
                 desk this is."
            )));
        }
        let id = match provider.audience {
            Audience::Staff => hire(tx, provider, who, &email).await?,
            Audience::Everybody | Audience::Company => people::find_or_create(tx, &tidy_name(who), &email).await?.0,
        };
        return Ok((id, true));
    };
    if known.blocked {
        return Err(no("This account is blocked. Please ask the people whose desk this is."));
    }
    // They have no other way in, and it gives them no more than it gives to whoever it makes an account for.
    let bound = provider.audience == Audience::Staff && provider.only;
    if bound && [Role::Manager, Role::Agent].iter().any(|role| known.role == role.word()) {
        return Ok((UserId(known.id), false));
    }
    if known.role != Role::Customer.word() {
        return Err(no(format!(
            "There is an account of staff with this address. Please sign in with its password, and connect {name} on your \
             profile page."
        )));
    }
    match provider.audience {
        Audience::Staff => Err(no(
            "A customer has this address here. Please ask whoever looks after the desk to make it an account of staff.",
        )),
        Audience::Company if known.company_id.is_some() && known.company_id != provider.company.map(|c| c.0) => {
            Err(no("The account with this address belongs to another company here."))
        }
        Audience::Everybody | Audience::Company => Ok((UserId(known.id), false)),
    }
}

/// Whether a provider is believed whose an address is.
async fn answers_for(tx: &mut Tx, provider: &Usable, who: &Vouched, domain: &str) -> Result<()> {
    let name = &provider.name;
    let theirs = match provider.audience {
        Audience::Everybody => {
            return match who.email_verified {
                Some(true) => Ok(()),
                _ => Err(no(format!(
                    "{name} does not say that it has checked your e-mail address, and only then is it certain that it is \
                     yours. Sign in with your password, or create an account, and connect {name} on your profile page."
                ))),
            };
        }
        Audience::Company => sqlx::query_scalar!(
            r#"select exists (select 1 from company_domains where company_id = $1 and domain = $2) as "theirs!""#,
            provider.company.map(|c| c.0),
            domain,
        )
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?,
        Audience::Staff => provider.domains.iter().any(|d| d == domain),
    };
    if !theirs {
        return Err(no(format!("{name} vouches for other addresses than those at {domain}.")));
    }
    if who.email_verified == Some(false) {
        return Err(no(format!("{name} says that your e-mail address was not checked. Please have it checked there.")));
    }
    Ok(())
}

fn tidy_name(who: &Vouched) -> String {
    text::tidy_line(&who.name)
}

fn is_in(who: &Vouched, group: &str) -> bool {
    who.groups.iter().any(|one| one == group)
}

/// Brings the teams that a provider has put somebody on staff into up to what it says now. Of who may everything it says nothing,
/// and of whom it has announced it has said it then.
async fn give_teams(tx: &mut Tx, actor: &Actor, provider: &Usable, who: &Vouched, id: UserId) -> Result<()> {
    if provider.audience != Audience::Staff || scim::rights::are_announced(tx, provider.id, id).await? {
        return Ok(());
    }
    let person = people::principal(&mut tx.conn, id).await?;
    if matches!(person.role, Role::Superadmin | Role::Customer) {
        return Ok(());
    }
    let wanted = provider.rules.teams_of(|group| is_in(who, group));
    let person = Person { id, name: person.name, picture: None };
    teams::settle(tx, &by_provider(actor), provider.id, person, &wanted).await
}

/// Whoever comes does not say what they may: that is done for them.
fn by_provider(actor: &Actor) -> Actor {
    Actor { address: actor.address.clone(), ..Actor::system("Sign-in from outside") }
}

/// The first rule that fits one of somebody's groups.
async fn role_of(
    tx: &mut Tx,
    provider: &Usable,
    who: &Vouched,
) -> Result<(Role, Option<i64>, String, domain::access::Permissions)> {
    for choice in provider.rules.roles_of(|group| is_in(who, group)) {
        if let Some(role) = providers::role(tx, choice).await? {
            return Ok(role);
        }
    }
    Err(no(format!(
        "{} says nothing that gives you a role on this desk. Please ask whoever looks after it.",
        provider.name
    )))
}

/// Makes an account of staff with the role that the provider's rules give.
async fn hire(tx: &mut Tx, provider: &Usable, who: &Vouched, email: &str) -> Result<UserId> {
    let (role, custom, ..) = role_of(tx, provider, who).await?;
    let name = tidy_name(who);
    let name = if name.is_empty() { email.split('@').next().unwrap_or(email).to_owned() } else { name };
    let name: String = name.chars().take(domain::account::NAME_MAX).collect();
    let at = tx.at();
    let id = sqlx::query_scalar!(
        "insert into users (name, email, role, role_id, created_at) values ($1, $2, $3, $4, $5) returning id",
        name,
        email,
        role.word(),
        custom,
        at,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    Ok(UserId(id))
}

/// Brings the role of somebody whose account was made for this provider up to what it says now. Whoever may everything by
/// now keeps that: only people give and take it.
async fn give_role(tx: &mut Tx, actor: &Actor, provider: &Usable, who: &Vouched, id: UserId) -> Result<()> {
    let person = people::principal(&mut tx.conn, id).await?;
    if matches!(person.role, Role::Superadmin | Role::Customer) {
        return Ok(());
    }
    let (role, custom, name, _) = role_of(tx, provider, who).await?;
    let changed = sqlx::query!(
        "update users set role = $2, role_id = $3 where id = $1 and (role, role_id) is distinct from ($2, $3)",
        id.0,
        role.word(),
        custom,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if changed.rows_affected() > 0 {
        let from = person.role_name().to_owned();
        let what = Happening::RoleGiven { who: Person { id, name: person.name, picture: None }, from, to: name };
        events::append(tx, &by_provider(actor), None, &what).await?;
    }
    Ok(())
}
