//! The groups that a provider announces. Of staff they give roles, by the provider's rules.

use super::{rights, token};
use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Code, Error, GroupId, ProviderId, Result, UserId,
    event::Happening,
    outside::Audience,
    policy,
    scim::{Announcer, GROUPS_MAX, Group, GroupChange, GroupClause, MEMBERS_MAX, MemberChange, Window},
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use std::collections::BTreeSet;

fn push(query: &mut QueryBuilder<Postgres>, provider: ProviderId, clauses: &[GroupClause]) {
    query.push(" where g.provider_id = ").push_bind(provider.0);
    for clause in clauses {
        match clause {
            GroupClause::Name(name) => {
                query.push(" and lower(g.name) = lower(").push_bind(name.clone()).push(")");
            }
            GroupClause::ExternalId(id) => {
                query.push(" and g.external_id = ").push_bind(id.clone());
            }
            GroupClause::Id(id) => {
                query.push(" and g.id = ").push_bind(id.parse::<i64>().unwrap_or_default());
            }
            GroupClause::Member(id) => {
                query.push(" and exists (select 1 from scim_members m where m.group_id = g.id and m.user_id = ");
                query.push_bind(id.parse::<i64>().unwrap_or_default()).push(")");
            }
        }
    }
}

async fn load(
    conn: &mut PgConnection,
    provider: ProviderId,
    clauses: &[GroupClause],
    window: Window,
    members: bool,
) -> Result<Vec<Group>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select g.id, g.name, g.external_id, g.created_at, g.changed_at from scim_groups g",
    );
    push(&mut query, provider, clauses);
    query.push(" order by g.id limit ").push_bind(window.count).push(" offset ").push_bind(window.skip);
    let rows = query.build().fetch_all(&mut *conn).await.ours()?;
    let mut groups = rows
        .iter()
        .map(|r| {
            Ok(Group {
                id: GroupId(r.try_get(0)?),
                name: r.try_get(1)?,
                external_id: r.try_get(2)?,
                members: Vec::new(),
                created_at: r.try_get::<time::OffsetDateTime, _>(3)?.into(),
                changed_at: r.try_get::<time::OffsetDateTime, _>(4)?.into(),
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()
        .ours()?;
    if members && !groups.is_empty() {
        let ids: Vec<i64> = groups.iter().map(|group| group.id.0).collect();
        // Whoever is not seen any more is not named either.
        let rows = sqlx::query!(
            r#"select m.group_id, v.user_id as "user_id!", v.name as "name!"
               from scim_members m join scim_visible v on v.user_id = m.user_id and v.provider_id = $1
               where m.group_id = any($2) order by m.group_id, v.user_id"#,
            provider.0,
            &ids,
        )
        .fetch_all(conn)
        .await
        .ours()?;
        for r in rows {
            // Both are in the order of the groups.
            if let Ok(at) = groups.binary_search_by_key(&r.group_id, |group| group.id.0) {
                groups[at].members.push((UserId(r.user_id), r.name));
            }
        }
    }
    Ok(groups)
}

async fn one(conn: &mut PgConnection, provider: ProviderId, id: GroupId, members: bool) -> Result<Group> {
    let window = Window { skip: 0, count: 1 };
    let found = load(conn, provider, &[GroupClause::Id(id.to_string())], window, members).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found("group"))
}

/// How many groups there are of which all of this is so, and some of them. At most three statements.
#[crate::compiled_here]
pub async fn list(
    desk: &Desk,
    actor: &Actor,
    clauses: &[GroupClause],
    window: Window,
    members: bool,
) -> Result<(i64, Vec<Group>)> {
    let provider = policy::demand_announcer(actor)?.id;
    let mut conn = desk.read().await?;
    let mut query = QueryBuilder::<Postgres>::new("select count(*) from scim_groups g");
    push(&mut query, provider, clauses);
    let all: i64 = query.build_query_scalar().fetch_one(&mut *conn).await.ours()?;
    let groups = load(&mut conn, provider, clauses, window, members).await?;
    conn.done();
    Ok((all, groups))
}

/// One of the provider's groups.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor, id: GroupId, members: bool) -> Result<Group> {
    let provider = policy::demand_announcer(actor)?.id;
    let mut conn = desk.read().await?;
    let found = one(&mut conn, provider, id, members).await;
    conn.done();
    found
}

/// Makes a group.
///
/// Errors: `Taken` when there is one of this name; `Invalid` for members whom the provider does not see.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, change: GroupChange) -> Result<GroupId> {
    let announcer = policy::demand_announcer(actor)?;
    let change = GroupChange { name: Some(change.name.unwrap_or_default()), ..change }.check()?;
    token::demand_good(tx, announcer).await?;
    let name = change.name.clone().unwrap_or_default();
    let there = sqlx::query!(
        r#"select count(*) as "count!", count(*) filter (where lower(name) = lower($2)) > 0 as "taken!"
           from scim_groups where provider_id = $1"#,
        announcer.id.0,
        name,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if there.taken {
        return Err(taken());
    }
    if there.count >= GROUPS_MAX {
        return Err(Error::field("displayName", "There are 1,000 groups already. Delete one that nobody needs."));
    }
    let at = tx.at();
    let id = sqlx::query_scalar!(
        "insert into scim_groups (provider_id, name, external_id, created_at, changed_at) values ($1, $2, $3, $4, $4)
         returning id",
        announcer.id.0,
        name,
        change.external_id.flatten(),
        at,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let id = GroupId(id);
    let (added, removed, touched) = set_members(tx, announcer, id, change.members).await?;
    let what = Happening::GroupSaved { provider: announcer.name.clone(), group: name, added, removed };
    events::append(tx, actor, None, &what).await?;
    settle(tx, actor, announcer, touched).await?;
    Ok(id)
}

fn taken() -> Error {
    Error::new(Code::Taken, "There is a group of this displayName already.")
}

/// Changes a group. Of staff, whoever comes into it or leaves it has other rights at once.
///
/// Errors: `NotFound`; else those of [`create`].
pub async fn change<E: From<Error>>(
    tx: &mut Tx,
    actor: &Actor,
    id: GroupId,
    edit: impl FnOnce() -> Result<GroupChange, E>,
) -> Result<(), E> {
    let announcer = policy::demand_announcer(actor)?;
    token::demand_good(tx, announcer).await?;
    let before = one(&mut tx.conn, announcer.id, id, false).await?;
    let change = edit()?.check()?;
    Ok(apply(tx, actor, announcer, before, change).await?)
}

async fn apply(tx: &mut Tx, actor: &Actor, announcer: &Announcer, before: Group, change: GroupChange) -> Result<()> {
    let id = before.id;
    let name = change.name.unwrap_or_else(|| before.name.clone());
    let external_id = change.external_id.unwrap_or_else(|| before.external_id.clone());
    let other = (&name, &external_id) != (&before.name, &before.external_id);
    if name.to_lowercase() != before.name.to_lowercase() {
        let there = sqlx::query_scalar!(
            r#"select exists (select 1 from scim_groups
                   where provider_id = $1 and lower(name) = lower($2) and id <> $3) as "there!""#,
            announcer.id.0,
            name,
            id.0,
        )
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
        if there {
            return Err(taken());
        }
    }
    let mut affected = BTreeSet::new();
    if other {
        // By another name, other rules may fit.
        affected.extend(members_of(tx, id).await?);
    }
    let (added, removed, touched) = set_members(tx, announcer, id, change.members).await?;
    affected.extend(touched);
    if !other && added == 0 && removed == 0 {
        return Ok(());
    }
    let at = tx.at();
    sqlx::query!(
        "update scim_groups set name = $2, external_id = $3, changed_at = $4 where id = $1",
        id.0,
        name,
        external_id,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let what = Happening::GroupSaved { provider: announcer.name.clone(), group: name, added, removed };
    events::append(tx, actor, None, &what).await?;
    settle(tx, actor, announcer, affected).await
}

async fn members_of(tx: &mut Tx, id: GroupId) -> Result<Vec<i64>> {
    sqlx::query_scalar!("select user_id from scim_members where group_id = $1", id.0)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()
}

/// Brings the rights of these people up to their groups. Customers have none that could change.
async fn settle(tx: &mut Tx, actor: &Actor, announcer: &Announcer, ids: BTreeSet<i64>) -> Result<()> {
    if announcer.audience != Audience::Staff {
        return Ok(());
    }
    for id in ids {
        rights::settle(tx, actor, announcer.id, UserId(id)).await?;
    }
    Ok(())
}

/// Makes sure that the provider sees all of these people.
async fn demand_seen(tx: &mut Tx, announcer: &Announcer, ids: &[i64]) -> Result<()> {
    let unknown = sqlx::query_scalar!(
        r#"select n.id as "id!" from unnest($2::bigint[]) n (id)
           where not exists (select 1 from scim_visible v where v.provider_id = $1 and v.user_id = n.id) limit 1"#,
        announcer.id.0,
        ids,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    match unknown {
        Some(id) => Err(Error::field("members", format!("There is nobody with the id {id}."))),
        None => Ok(()),
    }
}

/// Changes who is in a group. Returns how many came and how many went, and who that was.
async fn set_members(
    tx: &mut Tx,
    announcer: &Announcer,
    id: GroupId,
    changes: Vec<MemberChange>,
) -> Result<(i64, i64, BTreeSet<i64>)> {
    if changes.is_empty() {
        return Ok((0, 0, BTreeSet::new()));
    }
    let before: BTreeSet<i64> = members_of(tx, id).await?.into_iter().collect();
    let mut wanted = before.clone();
    for change in changes {
        match change {
            MemberChange::Add(ids) => wanted.extend(ids.into_iter().map(|id| id.0)),
            MemberChange::Remove(ids) => ids.into_iter().for_each(|id| {
                wanted.remove(&id.0);
            }),
            MemberChange::Replace(ids) => wanted = ids.into_iter().map(|id| id.0).collect(),
        }
    }
    if wanted.len() > MEMBERS_MAX {
        return Err(Error::field("members", "A group has at most 10,000 members."));
    }
    let come: Vec<i64> = wanted.difference(&before).copied().collect();
    let gone: Vec<i64> = before.difference(&wanted).copied().collect();
    demand_seen(tx, announcer, &come).await?;
    sqlx::query!("delete from scim_members where group_id = $1 and user_id = any($2)", id.0, &gone)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query!("insert into scim_members (group_id, user_id) select $1, unnest($2::bigint[])", id.0, &come)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let touched = come.iter().chain(&gone).copied().collect();
    Ok((come.len() as i64, gone.len() as i64, touched))
}

/// Deletes a group. Of staff, whoever was in it has other rights at once.
#[crate::compiled_here]
pub async fn delete(tx: &mut Tx, actor: &Actor, id: GroupId) -> Result<()> {
    let announcer = policy::demand_announcer(actor)?;
    token::demand_good(tx, announcer).await?;
    let before = one(&mut tx.conn, announcer.id, id, false).await?;
    let members = members_of(tx, id).await?.into_iter().collect();
    sqlx::query!("delete from scim_groups where id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
    let what = Happening::GroupDeleted { provider: announcer.name.clone(), group: before.name };
    events::append(tx, actor, None, &what).await?;
    settle(tx, actor, announcer, members).await
}
