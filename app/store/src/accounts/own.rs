//! What people change about their own account: the profile, the password, the address.

use super::{Letter, letters, link, password, reset, throttle};
use crate::{
    Desk, OrOurs, Tx, events,
    fields::values::{Names, Stored},
    outside::ways::{self, Whom},
    zones,
};
use domain::{
    Actor, Code, Error, Principal, Result, Role, SessionId, Time, UserId,
    account::{PASSWORD_MAX, password_problem},
    event::{Happening, Was},
    fields::{Own, Subject, Values, shown_to_customers},
    language::Language,
    letter::Purpose,
    profile::{NewProfile, Profile, is_zone},
    second_factor::Beside,
};
use sqlx::types::Json;

/// So long after signing in it stands for a password, in milliseconds: a quarter of an hour.
const JUST_NOW_MS: i64 = 15 * 60_000;

/// One's own profile. One statement.
#[crate::compiled_here]
pub async fn profile(desk: &Desk, actor: &Actor) -> Result<Profile> {
    let person = actor.signed_in()?;
    let now = desk.now();
    let row = sqlx::query!(
        r#"select u.name, u.time_zone, u.language, u.signature,
                (select l.email from account_links l where l.user_id = u.id and l.purpose = 'new_address' and l.expires_at > $2
                 order by l.id desc limit 1) as new_email,
                b.passkeys as "passkeys!", b.app as "app!", b.recovery_codes as "recovery_codes!",
                (select count(*) from api_tokens t where t.user_id = u.id and t.expires_at > $2) as "api_tokens!",
                u.fields as "fields: Json<Values>", c.fields as "company_fields?: Json<Values>",
                (select jsonb_object_agg(s.id, s.name)
                 from (select * from jsonb_each(u.fields) union all select * from jsonb_each(coalesce(c.fields, '{}'))) f
                 join users s on s.id = (f.value->>'person')::bigint) as "names: Json<Names>"
         from users u join ways_beside b on b.user_id = u.id left join companies c on c.id = u.company_id where u.id = $1"#,
        person.id.0,
        time::OffsetDateTime::from(now),
    )
    .fetch_one(desk.pool())
    .await
    .ours()?;
    Ok(Profile {
        name: row.name,
        time_zone: row.time_zone.unwrap_or_default(),
        language: row.language.as_deref().and_then(Language::from_tag).unwrap_or_default(),
        signature: row.signature,
        new_email: row.new_email,
        beside: Beside {
            passkeys: row.passkeys,
            app: row.app,
            recovery_codes: row.recovery_codes,
            api_tokens: row.api_tokens,
        },
        fields: match person.role {
            Role::Customer => own_fields(desk, row.fields, row.company_fields, row.names),
            _ => Own::default(),
        },
    })
}

/// What somebody sees of what is filled in of them and of their company.
fn own_fields(desk: &Desk, own: Json<Values>, company: Option<Json<Values>>, names: Option<Json<Names>>) -> Own {
    let catalog = desk.catalog();
    let names = names.map(|names| names.0).unwrap_or_default();
    let shown =
        |of, values: Values| shown_to_customers(&Stored { values, names: names.clone() }.filled(&catalog.fields, of));
    let company = company.map(|company| shown(Subject::Companies, company.0)).unwrap_or_default();
    Own { own: shown(Subject::Customers, own.0), company }
}

/// Changes one's own profile.
#[crate::compiled_here]
pub async fn set_profile(tx: &mut Tx, actor: &Actor, input: NewProfile) -> Result<()> {
    let person = actor.signed_in()?.id;
    let input = input.check()?;
    if !input.time_zone.is_empty() {
        zones::learn(tx, &input.time_zone).await?;
    }
    let before =
        sqlx::query!("select name, time_zone, language, signature from users where id = $1 for update", person.0)
            .fetch_one(&mut *tx.conn)
            .await
            .ours()?;
    let chosen = |text: String| Some(text).filter(|text| !text.is_empty());
    let (time_zone, language) = (chosen(input.time_zone), chosen(input.language));
    let what: Vec<String> = [
        ("name", before.name != input.name),
        ("time_zone", before.time_zone != time_zone),
        ("language", before.language != language),
        ("signature", before.signature != input.signature),
    ]
    .into_iter()
    .filter(|(_, changed)| *changed)
    .map(|(name, _)| name.to_owned())
    .collect();
    if what.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update users set name = $2, time_zone = $3, signature = $4, language = $5 where id = $1",
        person.0,
        input.name,
        time_zone,
        input.signature,
        language,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, None, &Happening::ProfileChanged { what }).await?;
    Ok(())
}

/// What is to be known of somebody who has just signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Welcome {
    /// The theme that they have chosen: `light`, `dark`, or nothing for that of the system.
    pub theme: Option<String>,
    /// They must set a second factor up by then.
    pub second_factor_due: Option<Time>,
}

/// See [`Welcome`].
#[crate::compiled_here]
pub async fn welcome(desk: &Desk, person: &Principal) -> Result<Welcome> {
    let row = sqlx::query!("select theme, second_factor, created_at from users where id = $1", person.id.0)
        .fetch_one(desk.pool())
        .await
        .ours()?;
    let due = desk.catalog().second_factor_due(person, row.created_at.into());
    Ok(Welcome { theme: row.theme, second_factor_due: due.filter(|_| !row.second_factor) })
}

/// Takes the zone of the browser that somebody signs in with, as long as they have chosen none. What is no zone is passed over:
/// nobody has typed it.
#[crate::compiled_here]
pub async fn adopt_zone(tx: &mut Tx, actor: &Actor, zone: &str) -> Result<()> {
    let person = actor.signed_in()?.id;
    if zone.is_empty() || !is_zone(zone) {
        return Ok(());
    }
    let open = sqlx::query_scalar!(r#"select time_zone is null as "open!" from users where id = $1"#, person.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if !open {
        return Ok(());
    }
    match zones::learn(tx, zone).await {
        Err(error) if error.of_field("time_zone").is_some() => return Ok(()),
        learnt => learnt?,
    }
    let changed = sqlx::query!("update users set time_zone = $2 where id = $1 and time_zone is null", person.0, zone)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    if changed.rows_affected() > 0 {
        events::append(tx, actor, None, &Happening::ProfileChanged { what: vec!["time_zone".to_owned()] }).await?;
    }
    Ok(())
}

/// Chooses a theme, for this and for new devices.
#[crate::compiled_here]
pub async fn set_theme(tx: &mut Tx, actor: &Actor, theme: Option<&str>) -> Result<()> {
    let person = actor.signed_in()?.id;
    let changed =
        sqlx::query!("update users set theme = $2 where id = $1 and theme is distinct from $2", person.0, theme,)
            .execute(&mut *tx.conn)
            .await
            .ours()?;
    if changed.rows_affected() > 0 {
        events::append(tx, actor, None, &Happening::ProfileChanged { what: vec!["theme".to_owned()] }).await?;
    }
    Ok(())
}

/// Asks for the password of who is signed in, before what a borrowed device must not do. Wrong ones count like those of who
/// signs in, but apart from them: nobody else keeps whoever is signed in from it. Who has no password (they come in by another
/// server, or theirs is tried at a directory) must have signed in just now. Errors: a field error for `password`; `TooMany` after wrong ones.
pub(super) async fn prove(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    password: String,
) -> Result<Principal> {
    let person = actor.signed_in()?.clone();
    let keys = throttle::keys_of_proof(person.id);
    let mut tx = desk.begin().await?;
    throttle::check(&mut tx, &keys).await?;
    let account = sqlx::query!(
        "select password_hash, (select created_at from sessions where id = $2 and user_id = u.id) as came
         from users u where id = $1",
        person.id.0,
        session.map(|s| s.0),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let just_now = tx.now.plus_millis(-JUST_NOW_MS);
    let elsewhere = !ways::of(&mut tx.conn, &person.email).await?.is_empty();
    drop(tx);
    if elsewhere || account.password_hash.is_none() {
        if account.came.is_some_and(|came| Time::from(came) > just_now) {
            return Ok(person);
        }
        return Err(Error::field("password", "Please sign out and in again, and do this within a quarter of an hour."));
    }
    let right = password.len() <= 4 * PASSWORD_MAX && password::verify(desk, password, account.password_hash).await?;
    let mut tx = desk.begin().await?;
    throttle::check_again(&mut tx, &keys).await?;
    if right {
        throttle::succeeded(&mut tx, &keys).await?;
        tx.commit_quietly().await?;
        return Ok(person);
    }
    throttle::failed(&mut tx, &keys).await?;
    events::append(&mut tx, actor, None, &Happening::SignInFailed { email: person.email }).await?;
    tx.commit().await?;
    Err(Error::field("password", "This is not your password."))
}

/// Replaces one's own password. Everybody else who is signed in to the account is signed out. Errors: field errors for
/// `password`, the one until now, and `new_password`; `Forbidden` for whom a directory lets in.
#[crate::compiled_here]
pub async fn change_password(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    password: String,
    new: String,
) -> Result<()> {
    let email = &actor.signed_in()?.email;
    if let Some(problem) = password_problem(&new, email) {
        return Err(Error::field("new_password", problem));
    }
    let person = prove(desk, actor, session, password).await?;
    let hash = password::hash(desk, new).await?;
    let mut tx = desk.begin().await?;
    ways::demand_own_password(&mut tx.conn, &person.email).await?;
    reset::replace(&mut tx, actor, person.id, &hash, session, false).await?;
    tx.commit().await
}

/// Sends a link to a new address, which becomes the account's once it is opened. Errors: field errors for `email` and
/// `password`; `TooMany`.
#[crate::compiled_here]
pub async fn ask_for_address(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    email: &str,
    password: String,
) -> Result<()> {
    let email = reset::address(email)?;
    if email.to_lowercase() == actor.signed_in()?.email.to_lowercase() {
        return Err(Error::field("email", "This is your address already."));
    }
    let person = prove(desk, actor, session, password).await?;
    let mut tx = desk.begin().await?;
    throttle::link(&mut tx, &throttle::link_keys(&email, actor.address.as_deref())).await?;
    sqlx::query!("delete from account_links where user_id = $1 and purpose = 'new_address'", person.id.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let link = link::insert(&mut tx, Purpose::NewAddress, Some(person.id), &email, None).await?;
    events::append(&mut tx, actor, None, &Happening::AddressAsked { to: email }).await?;
    letters::post(&mut tx, Letter::NewAddress { link }).await?;
    tx.commit().await
}

/// Makes the address that a link was sent to that of the account, and tells the old one. Whoever has the link may do it, on
/// any device: the account's owner asked for it with their password. Errors: `NotFound` for a link that is not good;
/// `Taken` when somebody else has the address by now. Returns whose address it is.
#[crate::compiled_here]
pub async fn confirm_address(desk: &Desk, actor: &Actor, token: &str) -> Result<UserId> {
    let link = link::find(desk, Purpose::NewAddress, token).await?;
    let user = link.user.ok_or_else(link::lost)?;
    let mut tx = desk.begin().await?;
    let bound = ways::before(&mut tx, Whom::People(&[user])).await?;
    link::consume(&mut tx, &link).await?;
    let person = crate::people::principal(&mut tx.conn, user).await.map_err(|_| link::lost())?;
    sqlx::query!("update users set email = $2 where id = $1", user.0, link.email)
        .execute(&mut *tx.conn)
        .await
        .ours()
        .map_err(|error| match error.of_field("email") {
        Some(said) => Error::new(Code::Taken, said.to_owned()),
        None => error,
    })?;
    // What was sent to the old address opens nothing any more.
    link::end_all(&mut tx, user).await?;
    let by = Actor::user(person.clone(), actor.address.clone());
    let was = Was { from: person.email.clone(), to: link.email.clone() };
    events::append(&mut tx, &by, None, &Happening::AddressChanged(was)).await?;
    ways::settle(&mut tx, &by, bound).await?;
    letters::post(&mut tx, Letter::AddressChanged { name: person.name, email: person.email, to: link.email }).await?;
    tx.commit().await?;
    Ok(user)
}
