//! The teams that people are in because a provider says so. Only those are taken from them when it says otherwise: whom people
//! here have put into a team, or another provider, stays.

use crate::{OrOurs, Tx, events};
use domain::{Actor, ProviderId, Result, TeamId, UserId, event::Happening, people::Person};
use std::collections::BTreeSet;

/// Makes these the teams that a provider has put somebody on staff into. Customers are in none, and of whoever may everything no
/// provider says anything: whoever calls this has looked.
///
/// Changes of rights wait ([`crate::access::take_turn`]).
pub(crate) async fn settle(
    tx: &mut Tx,
    actor: &Actor,
    provider: ProviderId,
    who: Person,
    wanted: &BTreeSet<TeamId>,
) -> Result<()> {
    let id = who.id;
    let wanted: Vec<i64> = wanted.iter().map(|team| team.0).collect();
    let said = sqlx::query_scalar!(
        "delete from team_members_outside where provider_id = $1 and user_id = $2 and not team_id = any($3)
         returning team_id",
        provider.0,
        id.0,
        &wanted,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let removed = if said.is_empty() { Vec::new() } else { leave(tx, &[id.0], &said).await? };
    let added = match wanted.is_empty() {
        true => Vec::new(),
        false => join(tx, provider, id, &wanted).await?,
    };
    for (_, team) in removed {
        let what = Happening::TeamMembers { team, added: Vec::new(), removed: vec![who.clone()] };
        events::append(tx, actor, None, &what).await?;
    }
    for team in added {
        let what = Happening::TeamMembers { team, added: vec![who.clone()], removed: Vec::new() };
        events::append(tx, actor, None, &what).await?;
    }
    Ok(())
}

/// Takes people out of teams that nobody says they are in any more. Who that was, and the names of the teams.
async fn leave(tx: &mut Tx, people: &[i64], teams: &[i64]) -> Result<Vec<(UserId, String)>> {
    let gone = sqlx::query!(
        "with gone as (
             delete from team_members m where m.user_id = any($1) and m.team_id = any($2) and not m.by_hand
                 and not exists (select 1 from team_members_outside o
                                 where o.user_id = m.user_id and o.team_id = m.team_id)
             returning m.user_id, m.team_id)
         select gone.user_id, t.name from gone join teams t on t.id = gone.team_id order by lower(t.name), gone.user_id",
        people,
        teams,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    Ok(gone.into_iter().map(|r| (UserId(r.user_id), r.name)).collect())
}

/// Puts somebody into teams. The names of those that they have not been in.
async fn join(tx: &mut Tx, provider: ProviderId, id: UserId, teams: &[i64]) -> Result<Vec<String>> {
    let come = sqlx::query_scalar!(
        "with come as (
             insert into team_members (user_id, team_id, by_hand) select $1, id, false from teams where id = any($2)
             on conflict do nothing returning team_id)
         select t.name from come join teams t on t.id = come.team_id order by lower(t.name)",
        id.0,
        teams,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!(
        "insert into team_members_outside (provider_id, user_id, team_id)
         select $1, user_id, team_id from team_members where user_id = $2 and team_id = any($3)
         on conflict do nothing",
        provider.0,
        id.0,
        teams,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(come)
}

/// Takes everybody whom a provider has put into other teams than these out of them: it has no rule about those any more.
pub(crate) async fn keep_only(
    tx: &mut Tx,
    actor: &Actor,
    provider: ProviderId,
    teams: &BTreeSet<TeamId>,
) -> Result<()> {
    let kept: Vec<i64> = teams.iter().map(|team| team.0).collect();
    let said = sqlx::query!(
        "delete from team_members_outside where provider_id = $1 and not team_id = any($2) returning user_id, team_id",
        provider.0,
        &kept,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let people: Vec<i64> = said.iter().map(|r| r.user_id).collect();
    let teams: Vec<i64> = said.iter().map(|r| r.team_id).collect();
    // Of those who are not in the pairs that were said, nobody is without a say: they have one of their own.
    let gone = leave(tx, &people, &teams).await?;
    let names =
        sqlx::query!("select id, name from users where id = any($1)", &people).fetch_all(&mut *tx.conn).await.ours()?;
    let mut gone = gone.into_iter().peekable();
    while let Some((id, team)) = gone.next() {
        let mut ids = vec![id];
        while let Some((id, _)) = gone.next_if(|(_, next)| *next == team) {
            ids.push(id);
        }
        let name = |id: UserId| names.iter().find(|r| r.id == id.0).map(|r| r.name.clone()).unwrap_or_default();
        let removed = ids.into_iter().map(|id| Person { id, name: name(id), picture: None }).collect();
        events::append(tx, actor, None, &Happening::TeamMembers { team, added: Vec::new(), removed }).await?;
    }
    Ok(())
}

/// What a provider has given stays when it is deleted, like the roles: it is a matter of people then.
pub(crate) async fn hand_over(tx: &mut Tx, provider: ProviderId) -> Result<()> {
    sqlx::query!(
        "update team_members m set by_hand = true from team_members_outside o
         where o.provider_id = $1 and o.user_id = m.user_id and o.team_id = m.team_id",
        provider.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}
