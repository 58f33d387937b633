//! The people that a provider announces.

use super::{rights, token};
use crate::{
    Desk, OrOurs, Tx, companies,
    customers::edit::tell_old_address,
    events,
    outside::{
        teams,
        ways::{self, Whom},
    },
};
use domain::{
    Actor, Code, Error, GroupId, ProviderId, Result, Role, UserId,
    account::NAME_MAX,
    event::Happening,
    outside::{Audience, domain_of},
    people::Person,
    policy,
    scim::{Announced, Announcer, Names, PersonClause, PersonInput, Window},
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};

const COLUMNS: &str = "v.user_id, v.name, v.email, v.user_name, v.external_id, v.names, v.wanted, v.user_blocked_at, \
     v.blocked_at, v.user_created_at, v.changed_at, v.names <> '{}'";

/// Whether somebody may come in, as their provider sees it.
const ACTIVE: &str =
    "case when v.user_blocked_at is null then true when v.user_blocked_at = v.blocked_at then v.wanted else false end";

fn from_row(r: &PgRow) -> Result<Announced> {
    (|| {
        type Moment = time::OffsetDateTime;
        let wanted: bool = r.try_get(6)?;
        let (here, theirs): (Option<Moment>, Option<Moment>) = (r.try_get(7)?, r.try_get(8)?);
        let names: sqlx::types::Json<Names> = r.try_get(5)?;
        Ok::<_, sqlx::Error>(Announced {
            id: UserId(r.try_get(0)?),
            name: r.try_get(1)?,
            email: r.try_get(2)?,
            user_name: r.try_get(3)?,
            external_id: r.try_get(4)?,
            names: names.0,
            active: here.is_none() || (here == theirs && wanted),
            wanted,
            groups: Vec::new(),
            created_at: r.try_get::<Moment, _>(9)?.into(),
            changed_at: r.try_get::<Moment, _>(10)?.into(),
            described: r.try_get(11)?,
        })
    })()
    .ours()
}

/// Adds what is asked for. Whoever is found by an index is looked for there first: the view knows no index of its own.
fn push(query: &mut QueryBuilder<Postgres>, provider: ProviderId, clauses: &[PersonClause]) {
    query.push(" where v.provider_id = ").push_bind(provider.0);
    for clause in clauses {
        match clause {
            PersonClause::UserName(name) => {
                query.push(" and v.user_id in (select user_id from scim_people where provider_id = ");
                query.push_bind(provider.0).push(" and lower(user_name) = lower(").push_bind(name.clone());
                query
                    .push(") union all select user_id from user_emails where address = lower(")
                    .push_bind(name.clone());
                query.push(")) and lower(v.user_name) = lower(").push_bind(name.clone()).push(")");
            }
            PersonClause::Email(email) => {
                query.push(" and v.user_id in (select user_id from user_emails where address = lower(");
                query
                    .push_bind(email.clone())
                    .push(")) and lower(v.email) = lower(")
                    .push_bind(email.clone())
                    .push(")");
            }
            PersonClause::ExternalId(id) => {
                query.push(" and v.user_id in (select user_id from scim_people where provider_id = ");
                query.push_bind(provider.0).push(" and external_id = ").push_bind(id.clone()).push(")");
            }
            PersonClause::Id(id) => {
                query.push(" and v.user_id = ").push_bind(id.parse::<i64>().unwrap_or_default());
            }
            PersonClause::Active(on) => {
                query.push(" and (").push(ACTIVE).push(") = ").push_bind(*on);
            }
        }
    }
}

async fn load(
    conn: &mut PgConnection,
    provider: ProviderId,
    clauses: &[PersonClause],
    window: Window,
) -> Result<Vec<Announced>> {
    let mut query = QueryBuilder::<Postgres>::new(format!("select {COLUMNS} from scim_visible v"));
    push(&mut query, provider, clauses);
    query.push(" order by v.user_id limit ").push_bind(window.count).push(" offset ").push_bind(window.skip);
    let rows = query.build().fetch_all(&mut *conn).await.ours()?;
    let mut people = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    let ids: Vec<i64> = people.iter().map(|person| person.id.0).collect();
    let groups = sqlx::query!(
        "select m.user_id, g.id, g.name from scim_members m join scim_groups g on g.id = m.group_id
         where g.provider_id = $1 and m.user_id = any($2) order by lower(g.name)",
        provider.0,
        &ids,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    for r in groups {
        if let Some(person) = people.iter_mut().find(|person| person.id.0 == r.user_id) {
            person.groups.push((GroupId(r.id), r.name));
        }
    }
    Ok(people)
}

async fn one(conn: &mut PgConnection, provider: ProviderId, id: UserId) -> Result<Announced> {
    let found = load(conn, provider, &[PersonClause::Id(id.to_string())], Window { skip: 0, count: 1 }).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found("person"))
}

/// How many people there are of whom all of this is so, and some of them. At most three statements.
#[crate::compiled_here]
pub async fn list(
    desk: &Desk,
    actor: &Actor,
    clauses: &[PersonClause],
    window: Window,
) -> Result<(i64, Vec<Announced>)> {
    let provider = policy::demand_announcer(actor)?.id;
    let mut conn = desk.read().await?;
    let mut query = QueryBuilder::<Postgres>::new("select count(*) from scim_visible v");
    push(&mut query, provider, clauses);
    let all: i64 = query.build_query_scalar().fetch_one(&mut *conn).await.ours()?;
    let people = load(&mut conn, provider, clauses, window).await?;
    conn.done();
    Ok((all, people))
}

/// One of the provider's people.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor, id: UserId) -> Result<Announced> {
    let provider = policy::demand_announcer(actor)?.id;
    let mut conn = desk.read().await?;
    let found = one(&mut conn, provider, id).await;
    conn.done();
    found
}

/// Makes sure that the provider answers for the domain of an address.
async fn demand_theirs(tx: &mut Tx, announcer: &Announcer, email: &str) -> Result<()> {
    let domain = domain_of(email).unwrap_or_default();
    let theirs = match announcer.audience {
        Audience::Everybody => false,
        Audience::Company => sqlx::query_scalar!(
            r#"select exists (select 1 from company_domains where company_id = $1 and domain = $2) as "theirs!""#,
            announcer.company.map(|c| c.0),
            domain,
        )
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?,
        Audience::Staff => sqlx::query_scalar!(
            r#"select exists (select 1 from providers where id = $1 and domains @> array[$2::text]) as "theirs!""#,
            announcer.id.0,
            domain,
        )
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?,
    };
    if theirs {
        return Ok(());
    }
    let name = &announcer.name;
    Err(Error::field("emails", format!("{name} vouches for other addresses than those at {domain}.")))
}

fn taken(what: &str) -> Error {
    Error::new(Code::Taken, format!("Somebody else has this {what} already."))
}

/// Makes sure that nobody else whom the provider sees goes by these names. Who has them and is not seen any more, because
/// they were moved to another company, loses them.
async fn demand_unique(tx: &mut Tx, provider: ProviderId, own: Option<UserId>, input: &PersonInput) -> Result<()> {
    let others = sqlx::query!(
        r#"select s.user_id, lower(s.user_name) = lower($3) as "named!",
                  exists (select 1 from scim_visible v where v.provider_id = $1 and v.user_id = s.user_id) as "seen!"
           from scim_people s
           where s.provider_id = $1 and s.user_id is distinct from $2
               and ((lower(s.user_name) = lower($3) and s.gone_at is null) or s.external_id = $4)"#,
        provider.0,
        own.map(|id| id.0),
        input.user_name,
        input.external_id,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let at = tx.at();
    for other in others {
        if other.seen {
            return Err(taken(if other.named { "userName" } else { "externalId" }));
        }
        sqlx::query!(
            "update scim_people set external_id = null, gone_at = coalesce(gone_at, $3)
             where provider_id = $1 and user_id = $2",
            provider.0,
            other.user_id,
            at,
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    }
    Ok(())
}

/// Writes down what a provider says of somebody.
async fn write(tx: &mut Tx, provider: ProviderId, id: UserId, input: &PersonInput, made: bool) -> Result<()> {
    let at = tx.at();
    sqlx::query!(
        "insert into scim_people (provider_id, user_id, external_id, user_name, names, made, active, created_at, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         on conflict (provider_id, user_id) do update set external_id = excluded.external_id,
             user_name = excluded.user_name, names = excluded.names, active = excluded.active,
             changed_at = excluded.changed_at, gone_at = null",
        provider.0,
        id.0,
        input.external_id,
        input.user_name,
        serde_json::to_value(&input.names).ours()?,
        made,
        input.active,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// The name that somebody new gets.
fn name_of(input: &PersonInput) -> String {
    let local = || input.address().split('@').next().unwrap_or_default().to_owned();
    input.names.whole().unwrap_or_else(local).chars().take(NAME_MAX).collect()
}

/// Makes an account for somebody, or takes over the one that the provider answers for: of a customer with this address who
/// belongs to no company yet, or whom it has deleted before. Staff wait, blocked, for a group to give them a role.
///
/// Errors: `Invalid` with what is wrong in which field, also for an address of others; `Taken` for somebody who is there.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, input: PersonInput) -> Result<Announced> {
    let announcer = policy::demand_announcer(actor)?;
    let input = input.check()?;
    token::demand_good(tx, announcer).await?;
    ways::take_turn_of_people(tx).await?;
    demand_theirs(tx, announcer, input.address()).await?;
    let known = sqlx::query!(
        r#"select u.id, u.role, u.company_id,
                  exists (select 1 from scim_visible v where v.provider_id = $1 and v.user_id = u.id) as "seen!",
                  exists (select 1 from scim_people s
                          where s.provider_id = $1 and s.user_id = u.id and s.gone_at is not null) as "gone!"
           from user_emails e join users u on u.id = e.user_id where e.address = lower($2) for no key update of u"#,
        announcer.id.0,
        input.address(),
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let provider = announcer.name.clone();
    let Some(known) = known else {
        demand_unique(tx, announcer.id, None, &input).await?;
        let id = insert(tx, announcer, &input).await?;
        write(tx, announcer.id, id, &input, true).await?;
        events::append(tx, actor, None, &Happening::MadeOutside { provider, user: id }).await?;
        return settled(tx, actor, announcer.id, id).await;
    };
    let (id, role) = (UserId(known.id), Role::from_word(&known.role).unwrap_or(Role::Superadmin));
    let theirs = match announcer.audience {
        Audience::Company => {
            role == Role::Customer
                && known.company_id.is_none_or(|company| Some(company) == announcer.company.map(|c| c.0))
        }
        Audience::Staff => known.gone && matches!(role, Role::Manager | Role::Agent),
        Audience::Everybody => false,
    };
    if known.seen || !theirs {
        return Err(taken("address"));
    }
    demand_unique(tx, announcer.id, Some(id), &input).await?;
    if announcer.audience == Audience::Company
        && known.company_id.is_none()
        && let Some(company) = announcer.company
    {
        let to = companies::named(tx, company).await?;
        let bound = ways::before(tx, Whom::Held(id)).await?;
        sqlx::query!("update users set company_id = $2, version = version + 1 where id = $1", id.0, company.0)
            .execute(&mut *tx.conn)
            .await
            .ours()?;
        let what = Happening::CompanyOf { user: id, from: None, to: Some(to), tickets: 0 };
        events::append(tx, actor, None, &what).await?;
        ways::settle(tx, actor, bound).await?;
    }
    write(tx, announcer.id, id, &input, false).await?;
    events::append(tx, actor, None, &Happening::Connected { provider, user: id }).await?;
    settled(tx, actor, announcer.id, id).await
}

async fn insert(tx: &mut Tx, announcer: &Announcer, input: &PersonInput) -> Result<UserId> {
    let at = tx.at();
    // What staff may is said by their groups, in `rights::settle`; until then they may not come in.
    let role = if announcer.audience == Audience::Staff { Role::Agent } else { Role::Customer };
    let id = sqlx::query_scalar!(
        "insert into users (name, email, role, company_id, created_at) values ($1, $2, $3, $4, $5) returning id",
        name_of(input),
        input.address(),
        role.word(),
        announcer.company.map(|c| c.0),
        at,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    Ok(UserId(id))
}

/// Somebody as they are once everything has come into force.
async fn settled(tx: &mut Tx, actor: &Actor, provider: ProviderId, id: UserId) -> Result<Announced> {
    rights::settle(tx, actor, provider, id).await?;
    one(&mut tx.conn, provider, id).await
}

/// Changes what is said of somebody, from what it was. Who is not wanted any more is signed out everywhere and blocked at
/// once; who is wanted again is let in again, unless it was people here who have blocked them.
///
/// Errors: those of `edit`; `NotFound` for whom the provider does not see; `Invalid`, `Taken` as in [`create`].
pub async fn change<E: From<Error>>(
    tx: &mut Tx,
    actor: &Actor,
    id: UserId,
    edit: impl FnOnce(PersonInput) -> Result<PersonInput, E>,
) -> Result<Announced, E> {
    let announcer = policy::demand_announcer(actor)?;
    token::demand_good(tx, announcer).await?;
    let bound = ways::before(tx, Whom::People(&[id])).await?;
    hold(tx, id).await?;
    let before = one(&mut tx.conn, announcer.id, id).await?;
    let said = before.said();
    let input = edit(said.clone())?.check()?;
    // Whoever it does not want and who was let in here all the same is blocked when it says so again.
    if input == said && (input.active || !before.active) {
        return Ok(before);
    }
    let after = apply(tx, actor, announcer, before, input).await?;
    ways::settle(tx, actor, bound).await?;
    Ok(after)
}

/// Nobody else changes this account until the end of the transaction.
async fn hold(tx: &mut Tx, id: UserId) -> Result<()> {
    sqlx::query!("select id from users where id = $1 for no key update", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .map(drop)
        .ok_or_else(|| Error::not_found("person"))
}

async fn apply(
    tx: &mut Tx,
    actor: &Actor,
    announcer: &Announcer,
    before: Announced,
    input: PersonInput,
) -> Result<Announced> {
    let id = before.id;
    let moves = input.address() != before.email;
    if moves {
        demand_theirs(tx, announcer, input.address()).await?;
        let whose = sqlx::query_scalar!("select user_id from user_emails where address = lower($1)", input.address())
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?;
        if whose.is_some_and(|whose| whose != id.0) {
            return Err(taken("address"));
        }
    }
    demand_unique(tx, announcer.id, Some(id), &input).await?;
    // A name that people have corrected here stays until the provider says another one.
    let renamed = input.names.whole() != before.names.whole();
    let name = if renamed { input.names.whole().unwrap_or(before.name) } else { before.name };
    if moves || renamed {
        sqlx::query!(
            "update users set name = $2, email = $3, version = version + 1 where id = $1",
            id.0,
            name,
            input.address(),
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    }
    write(tx, announcer.id, id, &input, false).await?;
    let fields: Vec<String> = [
        ("user name", before.user_name != input.user_name),
        ("number", before.external_id != input.external_id),
        ("name", before.names != input.names),
        ("address", moves),
    ]
    .into_iter()
    .filter(|(_, changed)| *changed)
    .map(|(field, _)| field.to_owned())
    .collect();
    if !fields.is_empty() {
        let what = Happening::ChangedOutside { provider: announcer.name.clone(), user: id, fields };
        events::append(tx, actor, None, &what).await?;
    }
    if moves {
        tell_old_address(tx, id, before.email, &name, input.address()).await?;
    }
    settled(tx, actor, announcer.id, id).await
}

/// Deletes somebody there: they are blocked here, and not connected any more. Their account, their tickets and what they wrote
/// stay. Who is announced again later gets the same account.
///
/// Errors: `NotFound` for whom the provider does not see.
#[crate::compiled_here]
pub async fn delete(tx: &mut Tx, actor: &Actor, id: UserId) -> Result<()> {
    let announcer = policy::demand_announcer(actor)?;
    token::demand_good(tx, announcer).await?;
    hold(tx, id).await?;
    let before = one(&mut tx.conn, announcer.id, id).await?;
    let unwanted = PersonInput { active: false, external_id: None, ..before.said() };
    write(tx, announcer.id, id, &unwanted, false).await?;
    rights::settle(tx, actor, announcer.id, id).await?;
    // They are in none of its groups any more.
    let who = Person { id, name: before.name, picture: None };
    teams::settle(tx, actor, announcer.id, who, &Default::default()).await?;
    let at = tx.at();
    sqlx::query!(
        "update scim_people set gone_at = $3, ruled = false where provider_id = $1 and user_id = $2",
        announcer.id.0,
        id.0,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!("delete from identities where provider_id = $1 and user_id = $2", announcer.id.0, id.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query!(
        "delete from scim_members m using scim_groups g where g.id = m.group_id and g.provider_id = $1 and m.user_id = $2",
        announcer.id.0,
        id.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let what = Happening::Disconnected { provider: announcer.name.clone(), user: id };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}
