//! Many tickets at once, past the operations.

use super::{MORNING, World, id_of};
use domain::Actor;

/// Puts `tickets` tickets of these customers into the database, in turn, with two messages each (the second one by the
/// agent): every fifth is open, the others are in the other states. Statistics are brought up to date.
///
/// The words of ticket `n`: `seeded`, and `rare` in every thousandth.
pub async fn tickets(world: &World, customers: &[Actor], agent: &Actor, tickets: i64) {
    let customers: Vec<i64> = customers.iter().map(|c| id_of(c).0).collect();
    let morning = time::OffsetDateTime::from(MORNING);
    for sql in [
        "insert into tickets (subject, status_id, urgency, importance, priority, source, requester_id, company_id,
                              assignee_id, excerpt, rank, created_at, updated_at, public_at)
         select 'Seeded ' || n, (select id from statuses order by position offset n % 5 limit 1), 1 + n % 4, 1 + n / 4 % 4,
                1 + n / 16 % 4, 'web', u.id, u.company_id, case when n % 3 = 0 then $2 end, 'Seeded', 'V' || lpad(n::text, 9, '0'),
                $3 - n * interval '1 minute', $3 - n * interval '1 minute', $3 - n * interval '1 minute'
         from generate_series(1, $4) n join users u on u.id = ($1::bigint[])[1 + n % cardinality($1::bigint[])]",
        "insert into events (at, actor_id, actor_name, actor_staff, ticket_id, audience, kind)
         select t.created_at, case when m = 1 then t.requester_id else $2 end, 'Seeded', m = 2, t.id, 2,
                case when m = 1 then 'message.customer' else 'message.reply' end
         from tickets t, generate_series(1, 2) m
         where t.subject like 'Seeded %' and $1::bigint[] is not null and $3::timestamptz is not null and $4::bigint > 0",
        "insert into messages (event_id, ticket_id, kind, channel, body, html)
         select e.id, e.ticket_id, split_part(e.kind, '.', 2), 'web', w.body, '<p>' || w.body || '</p>'
         from events e, lateral (select 'A seeded message' || case when e.ticket_id % 1000 = 0 then ' with a rare word' else '' end) w(body)
         where e.actor_name = 'Seeded' and $1::bigint[] is not null and $2::bigint > 0 and $3::timestamptz is not null and $4::bigint > 0",
    ] {
        sqlx::query(sql).bind(&customers).bind(id_of(agent).0).bind(morning).bind(tickets).execute(world.desk.pool()).await.unwrap();
    }
    sqlx::query(
        "insert into ticket_subjects select id, to_tsvector('english', subject) from tickets on conflict do nothing",
    )
    .execute(world.desk.pool())
    .await
    .unwrap();
    sqlx::query("update tickets t set last_message_id = m.id from (select ticket_id, max(event_id) as id from messages group by 1) m where m.ticket_id = t.id")
        .execute(world.desk.pool())
        .await
        .unwrap();
    sqlx::query("vacuum analyze").execute(world.desk.pool()).await.unwrap();
}

/// Puts so many customers into the database, past the operations: `Seeded Person 17`, `seeded17@many.example`.
pub async fn customers(world: &World, customers: i64) {
    sqlx::query(
        "insert into users (name, email, role)
         select 'Seeded Person ' || n, 'seeded' || n || '@many.example', 'customer' from generate_series(1, $1) n",
    )
    .bind(customers)
    .execute(world.desk.pool())
    .await
    .unwrap();
    sqlx::query("vacuum analyze users").execute(world.desk.pool()).await.unwrap();
}
