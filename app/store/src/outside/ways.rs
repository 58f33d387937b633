//! Which way in somebody is bound to: a directory that knows their password, or a provider that is marked as the only way in.
//! Who that is, is said by the view `ways_bound`; what it means, by [`domain::outside::only`].

use crate::{OrOurs, Tx, events};
use domain::{
    Actor, Error, Principal, ProviderId, Result,
    event::Happening,
    outside::{
        Kind, domain_of,
        only::{Bound, By, refusing},
    },
};
use sqlx::PgConnection;

/// A way in that somebody is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub bound: Bound,
    /// Whom a directory has to find: the account with the address is connected with them. Nothing for who comes for the first
    /// time.
    pub subject: Option<String>,
}

/// The ways in that whoever comes with an address is bound to: its account, or, without one, whoever the address may belong to.
pub(crate) async fn of(conn: &mut PgConnection, email: &str) -> Result<Vec<Way>> {
    let Some(domain) = domain_of(email) else { return Ok(Vec::new()) };
    let rows = sqlx::query!(
        r#"select b.provider_id as "id!", b.kind as "kind!", b.name as "name!", b.only_way as "only!", b.exempt as "exempt!",
                  b.subject, b.audience as "audience!"
           from user_emails e join ways_bound b on b.user_id = e.user_id where e.address = lower($1)
           union all
           select p.id, p.kind, p.name, p.only_way, false, null, p.audience from providers p
           where p.enabled and (p.kind = 'ldap' or p.only_way)
               and (p.domains @> array[$2::text]
                    or p.company_id = (select company_id from company_domains where domain = $2))
               and not exists (select 1 from user_emails where address = lower($1))
           order by 6 nulls last, 7 desc, 1 limit 20"#,
        email,
        domain,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    let way = |id, kind: &str, name, only, exempt, subject| {
        let kind = Kind::from_word(kind)?;
        Some(Way { bound: Bound { provider: ProviderId(id), kind, name, only, exempt }, subject })
    };
    Ok(rows.into_iter().filter_map(|r| way(r.id, &r.kind, r.name, r.only, r.exempt, r.subject)).collect())
}

/// The directory that a password is tried at, where somebody is bound to one. There is no second place to guess at.
pub(crate) fn directory(ways: &[Way]) -> Option<&Way> {
    ways.iter().find(|way| !way.bound.kind.redirects())
}

/// Which of these ways refuses that somebody comes in so.
pub(crate) fn refuses(ways: &[Way], by: By) -> Option<Bound> {
    let bound: Vec<Bound> = ways.iter().map(|way| way.bound.clone()).collect();
    refusing(&bound, by).cloned()
}

/// What whoever types an address is told because of its domain alone, whether or not there is an account and whose it is: the only
/// way in of those who have their addresses there.
pub(crate) async fn told(conn: &mut PgConnection, email: &str) -> Result<Option<Error>> {
    let Some(domain) = domain_of(email) else { return Ok(None) };
    let found = sqlx::query!(
        "select id, kind, name from providers
         where enabled and only_way and (domains @> array[$1::text]
             or company_id = (select company_id from company_domains where domain = $1))
         order by audience desc, id limit 1",
        domain,
    )
    .fetch_optional(conn)
    .await
    .ours()?;
    Ok(found.and_then(|r| {
        let kind = Kind::from_word(&r.kind)?;
        let bound = Bound { provider: ProviderId(r.id), kind, name: r.name, only: true, exempt: false };
        Some(bound.refusal_of(&domain))
    }))
}

/// Refuses a password of one's own to whom a directory or a provider lets in: whoever is let in there no more would still come in
/// here.
pub(crate) async fn demand_own_password(conn: &mut PgConnection, email: &str) -> Result<()> {
    match refuses(&of(conn, email).await?, By::Password) {
        Some(way) => Err(way.no_password()),
        None => Ok(()),
    }
}

/// Refuses somebody who has proved who they are in a way that they are not to come in by, and writes it down. Whoever marks a way as
/// the only one waits for this, or is waited for: who calls it holds the person's row.
pub(crate) async fn demand(mut tx: Tx, actor: &Actor, person: &Principal, by: By) -> Result<Tx> {
    let Some(way) = refuses(&of(&mut tx.conn, &person.email).await?, by) else { return Ok(tx) };
    refused(&mut tx, actor, person, &way, by).await?;
    tx.commit().await?;
    Err(way.refusal())
}

/// Writes down that somebody has proved who they are and was not let in.
pub(crate) async fn refused(tx: &mut Tx, actor: &Actor, person: &Principal, way: &Bound, by: By) -> Result<()> {
    let by = by.name().to_owned();
    let what = Happening::WayRefused { provider: way.name.clone(), user: person.id, by };
    events::append(tx, actor, None, &what).await.map(drop)
}

/// Signs everybody out who is bound to a way in: it has just become the only one, or is it for others now. Programs with an API
/// token of their own go on.
///
/// In this order: whoever is signing in at this moment holds their row, so either they are found here or they find the way closed.
pub(crate) async fn close(tx: &mut Tx, actor: &Actor, id: ProviderId, name: &str) -> Result<()> {
    let people = sqlx::query_scalar!(
        "update users set token_epoch = token_epoch + 1
         where id in (select b.user_id from ways_bound b where b.provider_id = $1 and b.only_way and not b.exempt)
         returning id",
        id.0,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!("delete from sign_ins_begun where user_id = any($1)", &people).execute(&mut *tx.conn).await.ours()?;
    let ended = sqlx::query!("delete from sessions where user_id = any($1)", &people)
        .execute(&mut *tx.conn)
        .await
        .ours()?
        .rows_affected();
    let what = Happening::OnlyWay {
        provider: name.to_owned(),
        people: people.len() as i64,
        sessions: i64::try_from(ended).unwrap_or(i64::MAX),
    };
    events::append(tx, actor, None, &what).await.map(drop)
}
