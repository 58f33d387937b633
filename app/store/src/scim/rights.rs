//! What follows from what a provider has said: who may come in, and with which role.

use crate::{
    OrOurs, Tx, access, customers, events,
    outside::{providers, teams},
};
use domain::{
    Actor, ProviderId, Result, Role, UserId, access::Permissions, event::Happening, outside::GroupRules, people::Person,
};
use std::collections::BTreeSet;

/// Brings what somebody may up to what their provider says. They are blocked if it does not want them, and let in again if it
/// was it that has blocked them. Staff whose accounts were made for it have the role that the first rule gives one of their
/// groups; without any they are blocked, too. Never one that may everything, and never to whoever has that.
///
/// Changes of rights wait ([`access::take_turn`]).
#[crate::compiled_here]
pub(crate) async fn settle(tx: &mut Tx, actor: &Actor, provider: ProviderId, id: UserId) -> Result<()> {
    let seen = sqlx::query!(
        r#"select v.name as "name!", v.role as "role!", v.email as "email!", v.ruled as "ruled!", v.wanted as "wanted!",
                  v.made as "made!", v.user_blocked_at, v.blocked_at,
                  exists (select 1 from identities i
                          where i.provider_id = $1 and i.user_id = $2 and i.made) as "made_when_they_came!"
           from scim_visible v where v.provider_id = $1 and v.user_id = $2"#,
        provider.0,
        id.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let Some(seen) = seen else { return Ok(()) };
    let (mut welcome, mut ruled) = (seen.wanted, seen.ruled);
    let staff = Role::from_word(&seen.role).is_none_or(Role::is_staff);
    let (rules, groups) = match staff {
        true => told(tx, provider, id).await?,
        false => Default::default(),
    };
    let is_in = |group: &str| groups.contains(group);
    if staff {
        let who = Person { id, name: seen.name.clone(), picture: None };
        teams::settle(tx, actor, provider, who, &rules.teams_of(is_in)).await?;
    }
    if staff && (seen.made || seen.made_when_they_came) {
        match role_of(tx, &rules, is_in).await? {
            Some(role) => {
                give(tx, actor, id, role).await?;
                ruled = true;
            }
            None if seen.made || seen.ruled => welcome = false,
            None => {}
        }
    }
    let own = seen.user_blocked_at.is_some() && seen.user_blocked_at == seen.blocked_at;
    let at = tx.at();
    let blocked_at = match (welcome, seen.user_blocked_at.is_some()) {
        (false, false) => Some(at),
        (false, true) => seen.blocked_at.filter(|_| own),
        (true, _) => None,
    };
    let turns = match (welcome, seen.user_blocked_at.is_some()) {
        (false, false) => Some(true),
        (true, true) if own => Some(false),
        _ => None,
    };
    sqlx::query!(
        "insert into scim_people (provider_id, user_id, user_name, ruled, blocked_at, created_at, changed_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (provider_id, user_id) do update set ruled = excluded.ruled, blocked_at = excluded.blocked_at",
        provider.0,
        id.0,
        seen.email,
        ruled,
        blocked_at,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    match turns {
        Some(blocked) if staff => {
            access::users::put_blocked(tx, actor, Person { id, name: seen.name, picture: None }, blocked).await
        }
        Some(blocked) => customers::block::put(tx, actor, id, blocked).await,
        None => Ok(()),
    }
}

/// [`settle`] for everybody whom a provider has announced: its rules are others now.
pub(crate) async fn settle_all(tx: &mut Tx, actor: &Actor, provider: ProviderId) -> Result<()> {
    let ids = sqlx::query_scalar!(
        r#"select user_id as "id!" from scim_visible where provider_id = $1 and announced and role <> 'customer'
           order by user_id"#,
        provider.0,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    for id in ids {
        settle(tx, actor, provider, UserId(id)).await?;
    }
    Ok(())
}

/// Whether the role of somebody is a matter of the groups that were announced: then nothing else that their provider says of
/// groups counts, as it is older.
pub(crate) async fn are_of_groups(tx: &mut Tx, provider: ProviderId, id: UserId) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from scim_visible
               where provider_id = $1 and user_id = $2 and (made or ruled)) as "are!""#,
        provider.0,
        id.0,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()
}

/// Whether a provider has announced somebody: then what it says of their groups at a sign-in is older.
pub(crate) async fn are_announced(tx: &mut Tx, provider: ProviderId, id: UserId) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from scim_visible
               where provider_id = $1 and user_id = $2 and announced) as "are!""#,
        provider.0,
        id.0,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()
}

type Given = (Role, Option<i64>, String, Permissions);

/// The rules of a provider, and the groups that somebody was announced to be in, by their names and numbers.
async fn told(tx: &mut Tx, provider: ProviderId, id: UserId) -> Result<(GroupRules, BTreeSet<String>)> {
    let rules = sqlx::query!("select roles, teams from providers where id = $1", provider.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    let rules = providers::rules(rules.roles, rules.teams)?;
    if rules == GroupRules::default() {
        return Ok(Default::default());
    }
    let groups = sqlx::query!(
        "select g.name, g.external_id from scim_members m join scim_groups g on g.id = m.group_id
         where g.provider_id = $1 and m.user_id = $2",
        provider.0,
        id.0,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    Ok((rules, groups.into_iter().flat_map(|group| [Some(group.name), group.external_id]).flatten().collect()))
}

/// The role of the first rule that fits one of somebody's groups.
async fn role_of(tx: &mut Tx, rules: &GroupRules, is_in: impl Fn(&str) -> bool) -> Result<Option<Given>> {
    for choice in rules.roles_of(is_in) {
        if let Some(role) = providers::role(tx, choice).await? {
            return Ok(Some(role));
        }
    }
    Ok(None)
}

async fn give(tx: &mut Tx, actor: &Actor, id: UserId, (role, custom, name, _): Given) -> Result<()> {
    let before = sqlx::query!(
        r#"select u.name, u.role, u.role_id, r.name as "role_name?" from users u left join roles r on r.id = u.role_id
           where u.id = $1"#,
        id.0,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if (before.role.as_str(), before.role_id) == (role.word(), custom) {
        return Ok(());
    }
    sqlx::query!("update users set role = $2, role_id = $3 where id = $1", id.0, role.word(), custom)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let from = Role::from_word(&before.role).unwrap_or(Role::Agent).name().to_owned();
    let from = before.role_name.unwrap_or(from);
    let what = Happening::RoleGiven { who: Person { id, name: before.name, picture: None }, from, to: name };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}
