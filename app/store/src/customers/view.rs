//! One customer, with all that staff know of them.

use crate::{
    Desk, OrOurs, events,
    fields::values::{Names, Stored},
};
use domain::{
    Actor, CompanyId, Error, Result, UserId,
    channel::Identity,
    company::CompanyName,
    customer::{COUNTED, Customer, Known},
    event::Happening,
    fields::{Subject, Values, Whole},
    policy::{self, Action},
    rating::Average,
};
use sqlx::{PgConnection, types::Json};

/// How long it is known that somebody has read something, in milliseconds: a day.
const READ_MS: i64 = 86_400_000;

/// The same for whoever opens the page of a customer: the security log says who has read it, once a day, before anything is
/// shown. Errors: those of [`view`].
#[crate::compiled_here]
pub async fn open(desk: &Desk, actor: &Actor, id: UserId) -> Result<Whole<Known>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let mut conn = desk.read().await?;
    let (known, stored) = load_whole(&mut conn, &[id]).await?.pop().ok_or_else(|| Error::not_found("customer"))?;
    drop(conn);
    seen(desk, actor, &[known.customer.id]).await?;
    Ok(Whole { it: known, fields: stored.filled(&desk.catalog().fields, Subject::Customers) })
}

/// Notes that all that is known of these customers was read, of each once a day.
pub(super) async fn seen(desk: &Desk, actor: &Actor, customers: &[UserId]) -> Result<()> {
    let mut conn = desk.read().await?;
    let keys: Vec<String> = customers.iter().map(UserId::to_string).collect();
    let said = sqlx::query_scalar!(
        r#"select data->>'customer' as "customer!" from events
           where ticket_id is null and coalesce(data->'who'->>'id', data->>'customer', data->>'user') = any($1) and at > $2
               and kind = 'customer.seen' and actor_id = $3"#,
        &keys,
        time::OffsetDateTime::from(desk.now().plus_millis(-READ_MS)),
        actor.user_id().map(|reader| reader.0),
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    conn.done();
    let unsaid: Vec<_> = customers
        .iter()
        .zip(keys)
        .filter(|(_, key)| !said.contains(key))
        .map(|(id, _)| (None, Happening::CustomerSeen { customer: *id }))
        .collect();
    if !unsaid.is_empty() {
        let mut tx = desk.begin().await?;
        events::append_many(&mut tx, actor, &unsaid).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// A customer. One who was merged into another one is that one, by whose number it is told.
///
/// Errors: `NotFound`, also for somebody of staff.
#[crate::compiled_here]
pub async fn view(conn: &mut PgConnection, actor: &Actor, id: UserId) -> Result<Customer> {
    policy::demand(actor, Action::SeePeople, None)?;
    load(conn, id).await
}

/// The same without asking who wants to know. Of the last event: see `forget::acts`.
pub(crate) async fn load(conn: &mut PgConnection, id: UserId) -> Result<Customer> {
    load_many(conn, &[id]).await?.pop().ok_or_else(|| Error::not_found("customer"))
}

/// Those of several that are there, in this order.
pub(crate) async fn load_many(conn: &mut PgConnection, ids: &[UserId]) -> Result<Vec<Customer>> {
    Ok(load_whole(conn, ids).await?.into_iter().map(|(known, _)| known.customer).collect())
}

/// The same with who they are on channels and what is filled into custom fields, in the same statement.
pub(crate) async fn load_whole(conn: &mut PgConnection, ids: &[UserId]) -> Result<Vec<(Known, Stored)>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select u.id, u.name, u.avatar, u.email, u.phones, u.notes, u.company_id, c.name as "company_name?", c.tier as "tier?",
                  c.logo as "logo?",
                  u.blocked_at, u.erased_at is not null as "erased!", u.password_hash is not null as "has_login!", u.second_factor,
                  u.created_at, u.version, u.fields as "fields: Json<Values>",
                  (select jsonb_object_agg(s.id, s.name) from jsonb_each(u.fields) f
                   join users s on s.id = (f.value->>'person')::bigint) as "names: Json<Names>",
                  array(select e.email from user_emails e where e.user_id = u.id and e.address <> lower(u.email)
                        order by e.address) as "emails!",
                  (select jsonb_agg(jsonb_build_object('channel', i.channel, 'identifier', i.identifier, 'name', i.name))
                   from channel_identities i where i.user_id = u.id) as "channels: Json<Vec<Identity>>",
                  (select count(*) from (select 1 from tickets t where t.requester_id = u.id limit $2) n) as "tickets!",
                  s.ratings as "ratings?", s.total as "rated?",
                  greatest((select max(s.last_used_at) from sessions s where s.user_id = u.id),
                           (select e.at from events e where e.actor_id = any(array[u.id])
                            order by e.actor_id, e.id desc limit 1)) as seen_at
           from unnest($1::bigint[]) with ordinality as w (id, place) join users asked on asked.id = w.id
           join users u on u.id = coalesce(asked.merged_into, asked.id)
           left join companies c on c.id = u.company_id
           left join rating_sums s on s.kind = 'customer' and s.of_id = u.id
           where u.role = 'customer' order by w.place"#,
        &ids,
        COUNTED,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    let customers = rows.into_iter().map(|r| {
        let stored = Stored::of(r.fields, r.names);
        let customer = Customer {
            id: UserId(r.id),
            name: r.name,
            picture: r.avatar,
            email: r.email,
            emails: r.emails,
            phones: r.phones,
            company: r.company_id.zip(r.company_name).map(|(id, name)| CompanyName { id: CompanyId(id), name }),
            tier: r.tier.unwrap_or_default(),
            logo: r.logo,
            notes: r.notes,
            blocked_at: r.blocked_at.map(Into::into),
            second_factor: r.second_factor,
            erased: r.erased,
            has_login: r.has_login,
            tickets: r.tickets,
            rating: Average { ratings: r.ratings.unwrap_or_default(), total: r.rated.unwrap_or_default() },
            created_at: r.created_at.into(),
            seen_at: r.seen_at.map(Into::into),
            version: r.version,
        };
        let mut channels = r.channels.map(|all| all.0).unwrap_or_default();
        channels.sort();
        (Known { customer, channels }, stored)
    });
    Ok(customers.collect())
}
