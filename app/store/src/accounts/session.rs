//! Sessions: a random cookie, of which only the hash is stored.

use crate::{
    Desk, OrOurs, Tx, events,
    people::Rights,
    tokens::{self, hash},
};
use domain::{
    Actor, CompanyId, Error, Principal, Result, Role, SessionId, Time, UserId, account::Device, company::Brand,
    event::Happening, language::Language, zone::Zone,
};
use sqlx::PgConnection;

/// Unused for this long, a session ends, in milliseconds: a week.
pub const IDLE_MS: i64 = 7 * 86_400_000;
/// However busy, it ends after this, in milliseconds: 30 days.
pub const ABSOLUTE_MS: i64 = 30 * 86_400_000;
/// “Last used” is written at most this often, in milliseconds: a page must not cost a write.
const TOUCH_MS: i64 = 5 * 60_000;

/// Somebody signed in, on one device.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub person: Principal,
    /// They must set a second factor up before anything else.
    pub held: bool,
    last_used_at: Time,
}

/// Opens a session and returns the cookie's value. Only [`super::sign_in`] and the registrations come here.
#[crate::compiled_here]
pub async fn open(tx: &mut Tx, user: UserId, address: Option<&str>, agent: &str) -> Result<String> {
    let token = tokens::fresh();
    let now = tx.at();
    let agent: String = agent.chars().take(300).collect();
    sqlx::query!(
        "insert into sessions (user_id, token_hash, address, agent, created_at, last_used_at, expires_at)
         values ($1, $2, $3, $4, $5, $5, $6)",
        user.0,
        hash(&token),
        address,
        agent,
        now,
        time::OffsetDateTime::from(tx.now.plus_millis(ABSOLUTE_MS)),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(token)
}

/// Whose cookie this is; `None` when it is broken, ended or its owner is blocked.
#[crate::compiled_here]
pub async fn find(desk: &Desk, token: &str) -> Result<Option<Session>> {
    if token.is_empty() || token.len() > tokens::LONGEST {
        return Ok(None);
    }
    let now = desk.now();
    let mut conn = desk.read().await?;
    let row = sqlx::query!(
        r#"select s.id, s.last_used_at, u.id as user_id, u.name, u.email, u.role, u.company_id,
                  u.avatar, z.name as "zone?", z.shifts as "shifts?", u.language, u.second_factor, u.created_at,
                  coalesce(c.sees_all, false) as "sees_all!",
                  c.name as "company_name?", c.logo as "logo?", c.accent as "accent?", r.name as "role_name?", r.permissions as "permissions?",
                  case when u.role_id is not null
                      then array(select m.team_id from team_members m where m.user_id = u.id) end as teams,
                  (select e.gone_user_id from errands e where e.user_id = u.id and e.ended_at is null) as also
           from sessions s join users u on u.id = s.user_id left join companies c on c.id = u.company_id
               left join roles r on r.id = u.role_id left join zones z on z.name = u.time_zone
           where s.token_hash = $1 and s.expires_at > $2 and s.last_used_at > $3 and u.blocked_at is null"#,
        hash(token),
        time::OffsetDateTime::from(now),
        time::OffsetDateTime::from(now.plus_millis(-IDLE_MS)),
    )
    .fetch_optional(&mut *conn)
    .await
    .ours()?;
    conn.done();
    let Some(r) = row else { return Ok(None) };
    let rights = Rights { role: r.role, custom: r.role_name.zip(r.permissions), teams: r.teams };
    let mut session = Session {
        id: SessionId(r.id),
        last_used_at: r.last_used_at.into(),
        held: false,
        person: rights.give(Principal {
            company: r.company_id.map(CompanyId),
            sees_company: r.sees_all,
            brand: Brand::of(r.company_name, r.logo, r.accent),
            also: r.also.map(UserId),
            picture: r.avatar,
            language: r.language.as_deref().and_then(Language::from_tag).unwrap_or_default(),
            zone: r.zone.zip(r.shifts).map(|(name, shifts)| Zone::from_pairs(name, &shifts).around(now)),
            ..Principal::new(UserId(r.user_id), r.name, r.email, Role::Customer)
        }),
    };
    if !r.second_factor {
        let due = desk.catalog().second_factor_due(&session.person, r.created_at.into());
        session.held = due.is_some_and(|due| due <= now);
    }
    if now.0 - session.last_used_at.0 > TOUCH_MS {
        sqlx::query!(
            "update sessions set last_used_at = $2 where id = $1",
            session.id.0,
            time::OffsetDateTime::from(now),
        )
        .execute(desk.pool())
        .await
        .ours()?;
    }
    Ok(Some(session))
}

/// Ends the session of this cookie.
#[crate::compiled_here]
pub async fn sign_out(tx: &mut Tx, actor: &Actor, token: &str) -> Result<()> {
    let ended =
        sqlx::query!("delete from sessions where token_hash = $1", hash(token)).execute(&mut *tx.conn).await.ours()?;
    if ended.rows_affected() > 0 {
        events::append(tx, actor, None, &Happening::SignedOut).await?;
    }
    Ok(())
}

/// The devices on which this person is signed in, last used first.
#[crate::compiled_here]
pub async fn devices(
    conn: &mut PgConnection,
    actor: &Actor,
    current: Option<SessionId>,
    now: Time,
) -> Result<Vec<Device>> {
    let person = actor.signed_in()?;
    let rows = sqlx::query!(
        "select id, address, agent, created_at, last_used_at from sessions
         where user_id = $1 and expires_at > $2 and last_used_at > $3 order by last_used_at desc, id desc limit 100",
        person.id.0,
        time::OffsetDateTime::from(now),
        time::OffsetDateTime::from(now.plus_millis(-IDLE_MS)),
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(rows
        .into_iter()
        .map(|r| Device {
            id: SessionId(r.id),
            address: r.address,
            agent: domain::account::device_name(&r.agent),
            created_at: r.created_at.into(),
            last_used_at: r.last_used_at.into(),
            current: current == Some(SessionId(r.id)),
        })
        .collect())
}

/// Signs this person out on one device.
#[crate::compiled_here]
pub async fn revoke(tx: &mut Tx, actor: &Actor, session: SessionId) -> Result<()> {
    let person = actor.signed_in()?.id;
    let ended = sqlx::query!("delete from sessions where id = $1 and user_id = $2", session.0, person.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    if ended.rows_affected() == 0 {
        return Err(Error::not_found("device"));
    }
    events::append(tx, actor, None, &Happening::SessionsRevoked { count: 1 }).await?;
    Ok(())
}

/// Signs this person out everywhere but here, and ends all tokens that a program has got for their password. Returns on how many devices.
#[crate::compiled_here]
pub async fn revoke_others(tx: &mut Tx, actor: &Actor, current: Option<SessionId>) -> Result<i64> {
    let person = actor.signed_in()?.id;
    let count = end_all(tx, person, current).await?;
    end_tokens(tx, person).await?;
    events::append(tx, actor, None, &Happening::SessionsRevoked { count }).await?;
    Ok(count)
}

/// Ends all tokens of the API that this person has logged in for. How many there are is not known: none is stored.
pub(crate) async fn end_tokens(tx: &mut Tx, user: UserId) -> Result<()> {
    sqlx::query!("update users set token_epoch = token_epoch + 1 where id = $1", user.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Ends all sessions of a person but one, if any: their password is another now. Returns how many.
pub(crate) async fn end_all(tx: &mut Tx, user: UserId, but: Option<SessionId>) -> Result<i64> {
    let ended =
        sqlx::query!("delete from sessions where user_id = $1 and id is distinct from $2", user.0, but.map(|s| s.0),)
            .execute(&mut *tx.conn)
            .await
            .ours()?;
    Ok(i64::try_from(ended.rows_affected()).unwrap_or(i64::MAX))
}
