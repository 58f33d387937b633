//! Users: everybody on staff, what they may, and whether they may come in at all.

use super::{Given, demand_hand_out, given, take_turn, target};
use crate::{
    Desk, OrOurs, Tx,
    accounts::{
        second_factor,
        session::{self, IDLE_MS},
    },
    events,
    outside::ways::{self, Whom},
};
use domain::{
    Actor, Code, Error, Result, Role, RoleId, SessionId, TeamId, UserId,
    access::{RoleChoice, StaffRow},
    account::Device,
    event::Happening,
    page::{self, Page},
    people::Person,
    policy::{self, Action},
    second_factor::Removal,
    text,
};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};

/// Which users a list shows. `None` and an empty text do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// How the name, one of its words, or the address begins.
    pub text: String,
    pub role: Option<RoleChoice>,
    pub blocked: Option<bool>,
    /// The `next` of the page before.
    pub after: Option<String>,
    pub limit: Option<u32>,
}

const COLUMNS: &str = "u.id, u.name, u.email, u.role, u.role_id, r.name, u.blocked_at is not null, \
     u.password_hash is not null, \
     array(select t.name from team_members m join teams t on t.id = m.team_id where m.user_id = u.id order by lower(t.name)), \
     (select max(s.last_used_at) from sessions s where s.user_id = u.id), u.second_factor, u.avatar";

fn from_row(r: &PgRow) -> Result<StaffRow> {
    (|| {
        let role = Role::from_word(r.try_get(3)?).unwrap_or(Role::Agent);
        let custom: Option<i64> = r.try_get(4)?;
        let name: Option<String> = r.try_get(5)?;
        Ok::<_, sqlx::Error>(StaffRow {
            id: UserId(r.try_get(0)?),
            name: r.try_get(1)?,
            email: r.try_get(2)?,
            role: custom.map_or(RoleChoice::BuiltIn(role), |id| RoleChoice::Custom(RoleId(id))),
            role_name: name.unwrap_or_else(|| role.name().to_owned()),
            blocked: r.try_get(6)?,
            has_password: r.try_get(7)?,
            teams: r.try_get(8)?,
            second_factor: r.try_get(10)?,
            picture: r.try_get(11)?,
            last_seen_at: r.try_get::<Option<time::OffsetDateTime>, _>(9)?.map(Into::into),
        })
    })()
    .ours()
}

/// A page of the people on staff, by name. One statement.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor, filter: &Filter) -> Result<Page<StaffRow>> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let size = page::size(filter.limit) as usize;
    let mut query = QueryBuilder::<Postgres>::new(format!(
        "select {COLUMNS} from users u left join roles r on r.id = u.role_id where u.role <> 'customer'"
    ));
    let words = text::tidy_line(&filter.text).to_lowercase();
    if words.len() > text::EMAIL_MAX {
        return Err(Error::field("q", "This is too long to search for."));
    }
    if !words.is_empty() {
        // Staff are few: nothing but their own index is read.
        query.push(" and (starts_with(lower(u.email), ").push_bind(words.clone());
        query.push(") or strpos(' ' || lower(u.name), ' ' || ").push_bind(words).push(") > 0)");
    }
    match filter.role {
        Some(RoleChoice::BuiltIn(role)) => {
            query.push(" and u.role_id is null and u.role = ").push_bind(role.word());
        }
        Some(RoleChoice::Custom(id)) => {
            query.push(" and u.role_id = ").push_bind(id.0);
        }
        None => {}
    }
    match filter.blocked {
        Some(true) => {
            query.push(" and u.blocked_at is not null");
        }
        Some(false) => {
            query.push(" and u.blocked_at is null");
        }
        None => {}
    }
    if let Some(after) = &filter.after {
        let (id, name) = after
            .split_once('.')
            .and_then(|(id, name)| Some((id.parse::<i64>().ok()?, name)))
            .ok_or_else(|| Error::field("after", "There is no such page."))?;
        query.push(" and (u.name, u.id) > (").push_bind(name.to_owned()).push(", ").push_bind(id).push(")");
    }
    query.push(format_args!(" order by u.name, u.id limit {}", size + 1));
    let rows = query.build().fetch_all(desk.pool()).await.ours()?;
    let mut rows = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|last| format!("{}.{}", last.id, last.name));
    Ok(Page { rows, next, position: None })
}

/// Somebody on staff, and where they are signed in.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor, id: UserId) -> Result<(StaffRow, Vec<Device>)> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let mut conn = desk.read().await?;
    let sql = format!(
        "select {COLUMNS} from users u left join roles r on r.id = u.role_id where u.role <> 'customer' and u.id = $1"
    );
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).fetch_optional(&mut *conn).await.ours()?;
    let row = from_row(&found.ok_or_else(|| Error::not_found("user"))?)?;
    let now = desk.now();
    let devices = sqlx::query!(
        "select id, address, agent, created_at, last_used_at from sessions
         where user_id = $1 and expires_at > $2 and last_used_at > $3 order by last_used_at desc, id desc limit 100",
        id.0,
        time::OffsetDateTime::from(now),
        time::OffsetDateTime::from(now.plus_millis(-IDLE_MS)),
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?
    .into_iter()
    .map(|r| Device {
        id: SessionId(r.id),
        address: r.address,
        agent: domain::account::device_name(&r.agent),
        created_at: r.created_at.into(),
        last_used_at: r.last_used_at.into(),
        current: false,
    })
    .collect();
    Ok((row, devices))
}

/// Gives somebody on staff another role.
///
/// Errors: `Forbidden` when either role has rights that the actor has not; a field error for `role` of the last superadmin.
#[crate::compiled_here]
pub async fn set_role(tx: &mut Tx, actor: &Actor, id: UserId, role: RoleChoice) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    take_turn(tx).await?;
    let bound = ways::before(tx, Whom::People(&[id])).await?;
    let target = target(tx, actor, id).await?;
    if role == RoleChoice::BuiltIn(Role::Customer) {
        return Err(Error::field("role", "Staff cannot be made customers. Block them instead."));
    }
    let Given { base, custom, name, permissions } = given(&mut tx.conn, role).await?;
    demand_hand_out(actor, base, permissions)?;
    let from = target.principal.role_name().to_owned();
    if (target.principal.role, from.as_str(), target.principal.custom_role.is_some()) == (base, &name, custom.is_some())
    {
        return Ok(());
    }
    if target.principal.role == Role::Superadmin {
        demand_another_superadmin(tx, id, "role").await?;
    }
    sqlx::query!("update users set role = $2, role_id = $3 where id = $1", id.0, base.word(), custom)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let what = Happening::RoleGiven { who: target.person(), from, to: name };
    events::append(tx, actor, None, &what).await?;
    // Whoever may everything was not bound to anything.
    ways::settle(tx, actor, bound).await
}

/// The desk is never left without somebody who may everything and can sign in. `field`: what was asked for.
async fn demand_another_superadmin(tx: &mut Tx, than: UserId, field: &str) -> Result<()> {
    let another = sqlx::query_scalar!(
        r#"select exists (select 1 from users where role = 'superadmin' and blocked_at is null
               and password_hash is not null and id <> $1) as "another!""#,
        than.0,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if another {
        return Ok(());
    }
    Err(Error::field(field, "This is the last superadmin. Make somebody else one first."))
}

/// Makes somebody a member of these teams and of no others.
#[crate::compiled_here]
pub async fn set_teams(tx: &mut Tx, actor: &Actor, id: UserId, teams: &[TeamId]) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    policy::demand(actor, Action::ManageTeams, None)?;
    take_turn(tx).await?;
    let target = target(tx, actor, id).await?;
    let wanted: Vec<i64> = teams.iter().map(|t| t.0).collect();
    let removed = sqlx::query!(
        "with gone as (delete from team_members where user_id = $1 and not team_id = any($2) returning team_id)
         select t.name from gone join teams t on t.id = gone.team_id order by lower(t.name)",
        id.0,
        &wanted,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let added = sqlx::query!(
        "with come as (
             insert into team_members (team_id, user_id) select id, $1 from teams where id = any($2)
             on conflict do nothing returning team_id)
         select t.name from come join teams t on t.id = come.team_id order by lower(t.name)",
        id.0,
        &wanted,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    for (team, came) in added.into_iter().map(|t| (t.name, true)).chain(removed.into_iter().map(|t| (t.name, false))) {
        let who = vec![target.person()];
        let (added, removed) = if came { (who, Vec::new()) } else { (Vec::new(), who) };
        events::append(tx, actor, None, &Happening::TeamMembers { team, added, removed }).await?;
    }
    Ok(())
}

/// Locks somebody on staff out, or lets them in again. Blocked, they are signed out everywhere.
///
/// Errors: field errors for `blocked` of oneself and of the last superadmin; `Forbidden` for whoever has rights that the actor
/// has not.
#[crate::compiled_here]
pub async fn set_blocked(tx: &mut Tx, actor: &Actor, id: UserId, blocked: bool) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    take_turn(tx).await?;
    let target = target(tx, actor, id).await?;
    if target.blocked == blocked {
        return Ok(());
    }
    if blocked && actor.user_id() == Some(id) {
        return Err(Error::field("blocked", "You cannot block yourself."));
    }
    if blocked && target.principal.role == Role::Superadmin {
        demand_another_superadmin(tx, id, "blocked").await?;
    }
    put_blocked(tx, actor, target.person(), blocked).await
}

/// Locks somebody on staff out, or lets them in again, whoever asked for it.
pub(crate) async fn put_blocked(tx: &mut Tx, actor: &Actor, who: Person, blocked: bool) -> Result<()> {
    let (id, at) = (who.id, tx.at());
    sqlx::query!(
        "update users set blocked_at = case when $2 then $3::timestamptz end where id = $1",
        id.0,
        blocked,
        at
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if blocked {
        sqlx::query!("delete from sessions where user_id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
        crate::accounts::api_tokens::end_all(tx, id).await?;
        // Let in again, they log in again.
        session::end_tokens(tx, id).await?;
    }
    let what = if blocked { Happening::Blocked { who } } else { Happening::Unblocked { who } };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}

/// Takes somebody's second factor away, who has lost it: they sign in with their password alone until they set up another.
/// They are signed out everywhere, and told by mail.
///
/// Errors: field errors for `name` and `reason`; `Impossible` for oneself, and where there is none; `Forbidden` for whoever has
/// rights that the actor has not.
#[crate::compiled_here]
pub async fn remove_second_factor(tx: &mut Tx, actor: &Actor, id: UserId, removal: &Removal) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    take_turn(tx).await?;
    let target = target(tx, actor, id).await?;
    if actor.user_id() == Some(id) {
        return Err(Error::new(Code::Impossible, "Remove your own on the page of your two-step sign-in."));
    }
    let reason = removal.check(&target.person().name)?;
    if !second_factor::remove_all(tx, id).await? {
        return Err(Error::new(Code::Impossible, "This person has no second factor."));
    }
    events::append(tx, actor, None, &Happening::SecondFactorRemoved { who: target.person(), reason }).await?;
    Ok(())
}

/// Signs somebody on staff out on one of their devices, or on all; then their tokens of the API end too. Returns on how many
/// devices.
#[crate::compiled_here]
pub async fn end_sessions(tx: &mut Tx, actor: &Actor, id: UserId, session: Option<SessionId>) -> Result<i64> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let target = target(tx, actor, id).await?;
    let ended = sqlx::query!(
        "delete from sessions where user_id = $1 and ($2::bigint is null or id = $2)",
        id.0,
        session.map(|s| s.0),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let count = i64::try_from(ended.rows_affected()).unwrap_or(i64::MAX);
    if session.is_none() {
        session::end_tokens(tx, id).await?;
    }
    if count > 0 || session.is_none() {
        events::append(tx, actor, None, &Happening::SessionsEnded { who: target.person(), count }).await?;
    }
    Ok(count)
}
