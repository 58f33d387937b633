//! Which way in somebody is bound to: a directory that knows their password, or a provider that is marked as the only way in.
//! Who that is, is said by the view `ways_bound`; what it means, by [`domain::outside::only`].

use super::identities;
use crate::{OrOurs, Tx, events, people};
use domain::{
    Actor, CompanyId, Error, Principal, ProviderId, Result, SessionId, UserId,
    event::Happening,
    outside::{
        Kind, domain_of,
        only::{Bound, By, ends, refusing},
    },
};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

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
    // By the address that is theirs now: since they have proved who they are, they may have got another.
    let email = people::principal(&mut tx.conn, person.id).await?.email;
    let Some(way) = refuses(&of(&mut tx.conn, &email).await?, by) else { return Ok(tx) };
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

/// About whom something is to change that says who is bound to which way in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom<'a> {
    /// About these people: their addresses, their company, their role, the accounts that they have elsewhere.
    People(&'a [UserId]),
    /// The same about somebody whose row is held already.
    Held(UserId),
    /// About these companies: their domains, their people, their way in.
    Companies(&'a [CompanyId]),
    /// About these ways in: whom they are for, and whether they are the only one.
    Ways(&'a [ProviderId]),
}

/// Who is bound to which ways as the only ones.
type Bonds = BTreeMap<i64, BTreeSet<ProviderId>>;

/// Who was bound to what before something changed; see [`settle`].
#[derive(Debug)]
#[must_use = "whoever is bound by the change is still signed in: settle"]
pub(crate) struct Before {
    about: About,
    bonds: Bonds,
    stays: Option<SessionId>,
}

#[derive(Debug)]
enum About {
    People(Vec<i64>),
    Ways(Vec<i64>),
}

impl Before {
    /// The same, about a way in that was not there yet.
    pub fn and(mut self, made: ProviderId) -> Self {
        if let About::Ways(ways) = &mut self.about {
            ways.push(made.0);
        }
        self
    }

    /// The same, but for a session of whom the way in has just vouched for.
    pub fn but(self, stays: Option<SessionId>) -> Self {
        Self { stays, ..self }
    }
}

/// Lets changes of who is bound to what see each other: those about single people wait for those about a way in or a company, which
/// are alone. Else of a domain that is added and an address in it that somebody gets at the same time, neither would be known to
/// the other.
///
/// It is taken before anything else is locked, but after [`crate::access::take_turn`]. Who signs in holds their row instead, which
/// [`settle`] waits for; but who makes somebody an account takes it, so that nobody is missed who was not there yet.
async fn take_turn(tx: &mut Tx, alone: bool) -> Result<()> {
    let turn = match alone {
        true => sqlx::query!("select pg_advisory_xact_lock(hashtextextended('ways', 0))").execute(&mut *tx.conn).await,
        false => {
            sqlx::query!("select pg_advisory_xact_lock_shared(hashtextextended('ways', 0))")
                .execute(&mut *tx.conn)
                .await
        }
    };
    turn.ours().map(drop)
}

/// The turn of who changes something about single people, where it is not known yet about whom.
pub(crate) async fn take_turn_of_people(tx: &mut Tx) -> Result<()> {
    take_turn(tx, false).await
}

/// The turn of who changes something about companies, where it is not known yet about which.
pub(crate) async fn take_turn_of_companies(tx: &mut Tx) -> Result<()> {
    take_turn(tx, true).await
}

/// Who is bound to what before something changes. Everything that may bind somebody begins with this and ends with [`settle`]. Until
/// the end of the transaction nobody else changes the same.
pub(crate) async fn before(tx: &mut Tx, whom: Whom<'_>) -> Result<Before> {
    take_turn(tx, matches!(whom, Whom::Companies(_) | Whom::Ways(_))).await?;
    let about = match whom {
        Whom::People(people) => {
            let people: Vec<i64> = people.iter().map(|id| id.0).collect();
            // One after the other of the same person, also before their row is held: who waits for that has looked already.
            sqlx::query!(
                "select pg_advisory_xact_lock(hashtextextended('ways', id)) from unnest($1::bigint[]) id",
                &people
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
            About::People(people)
        }
        Whom::Held(person) => About::People(vec![person.0]),
        Whom::Ways(ways) => About::Ways(ways.iter().map(|id| id.0).collect()),
        Whom::Companies(companies) => {
            let companies: Vec<i64> = companies.iter().map(|id| id.0).collect();
            let ways = sqlx::query_scalar!("select id from providers where company_id = any($1)", &companies)
                .fetch_all(&mut *tx.conn)
                .await
                .ours()?;
            About::Ways(ways)
        }
    };
    let bonds = bonds(tx, &about).await?;
    Ok(Before { about, bonds, stays: None })
}

async fn bonds(tx: &mut Tx, about: &About) -> Result<Bonds> {
    let rows: Vec<(i64, i64)> = match about {
        About::People(people) => sqlx::query!(
            r#"select user_id as "user_id!", provider_id as "provider_id!" from ways_bound
               where user_id = any($1) and only_way and not exempt"#,
            people,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?
        .into_iter()
        .map(|r| (r.user_id, r.provider_id))
        .collect(),
        About::Ways(ways) => sqlx::query!(
            r#"select user_id as "user_id!", provider_id as "provider_id!" from ways_bound
               where provider_id = any($1) and only_way and not exempt"#,
            ways,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?
        .into_iter()
        .map(|r| (r.user_id, r.provider_id))
        .collect(),
    };
    let mut bonds = Bonds::new();
    for (user, provider) in rows {
        bonds.entry(user).or_default().insert(ProviderId(provider));
    }
    Ok(bonds)
}

/// Signs everybody out whom a change has bound to another way in than they may have come by ([`ends`]), with what they have begun and
/// the tokens that programs have got for their password. Programs with an API token of their own go on.
pub(crate) async fn settle(tx: &mut Tx, actor: &Actor, before: Before) -> Result<()> {
    let Before { about, bonds: was, stays } = before;
    match &about {
        About::People(people) => identities::leave_strangers(tx, actor, people, &[]).await?,
        About::Ways(ways) => identities::leave_strangers(tx, actor, &[], ways).await?,
    };
    let is = bonds(tx, &about).await?;
    let changed: BTreeSet<i64> = was.keys().chain(is.keys()).filter(|id| was.get(id) != is.get(id)).copied().collect();
    if changed.is_empty() {
        return Ok(());
    }
    // Whom the ways in question bind may be bound to others as well.
    let (is, ways) = match about {
        About::People(_) => (is, None),
        About::Ways(ways) => (bonds(tx, &About::People(changed.iter().copied().collect())).await?, Some(ways)),
    };
    let mut out: BTreeMap<ProviderId, Vec<i64>> = BTreeMap::new();
    for id in changed {
        let after = is.get(&id).cloned().unwrap_or_default();
        let mut before = was.get(&id).cloned().unwrap_or_default();
        let others = ways.iter().flat_map(|ways| after.iter().filter(|way| !ways.contains(&way.0)));
        before.extend(others);
        let to = after.difference(&before).next().or(after.first());
        if let Some(to) = to.filter(|_| ends(&before, &after)) {
            out.entry(*to).or_default().push(id);
        }
    }
    // In one order everywhere. Whoever is signing in at this moment holds their row: either they are found here afterwards, or they
    // find the way closed.
    let everybody: Vec<i64> = out.values().flatten().copied().collect();
    sqlx::query!("select id from users where id = any($1) order by id for no key update", &everybody)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    for (way, people) in out {
        sign_out(tx, actor, way, &people, stays).await?;
    }
    Ok(())
}

async fn sign_out(tx: &mut Tx, actor: &Actor, way: ProviderId, people: &[i64], stays: Option<SessionId>) -> Result<()> {
    sqlx::query!("update users set token_epoch = token_epoch + 1 where id = any($1)", people)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query!("delete from sign_ins_begun where user_id = any($1)", people).execute(&mut *tx.conn).await.ours()?;
    let ended = sqlx::query!(
        "delete from sessions where user_id = any($1) and id is distinct from $2",
        people,
        stays.map(|session| session.0),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?
    .rows_affected();
    let provider =
        sqlx::query_scalar!("select name from providers where id = $1", way.0).fetch_one(&mut *tx.conn).await.ours()?;
    let what = Happening::OnlyWay {
        provider,
        people: people.len() as i64,
        sessions: i64::try_from(ended).unwrap_or(i64::MAX),
        user: if let [one] = people { Some(UserId(*one)) } else { None },
    };
    events::append(tx, actor, None, &what).await.map(drop)
}
