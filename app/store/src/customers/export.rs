//! All that is known of one person, as a file for them: made by a job, kept for some days.

use super::{hold, view};
use crate::{
    Desk, OrOurs, Tx, events,
    jobs::{self, Work},
    upload::{PART, Upload},
};
use bytes::Bytes;
use domain::{
    Actor, Code, Error, ExportId, Result, UserId,
    channel::Identity,
    customer::{Export, Known},
    event::Happening,
    fields::Subject,
    policy::{self, Action},
};
use futures::StreamExt;
use object_store::{ObjectStoreExt, path::Path};
use rand::{Rng, distr::Alphanumeric};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::{
    io::Write,
    sync::{Arc, Mutex},
};
use zip::{ZipWriter, write::SimpleFileOptions};

/// How long the file is kept, in milliseconds: a week.
pub const KEPT_MS: i64 = 7 * 86_400_000;

/// Asks for a person's data. They are gathered by a job. One at a time: who asks again meanwhile gets the same.
#[crate::compiled_here]
pub async fn ask(tx: &mut Tx, actor: &Actor, id: UserId) -> Result<ExportId> {
    policy::demand(actor, Action::ExportPeople, None)?;
    let person = actor.signed_in()?.id;
    hold(tx, id).await?;
    let at = tx.at();
    let waiting = sqlx::query_scalar!("select id from exports where user_id = $1 and ready_at is null", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?;
    if let Some(waiting) = waiting {
        return Ok(ExportId(waiting));
    }
    let export = sqlx::query_scalar!(
        "insert into exports (user_id, by_id, created_at) values ($1, $2, $3) returning id",
        id.0,
        person.0,
        at,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, None, &Happening::CustomerExported { customer: id }).await?;
    let now = tx.now;
    jobs::enqueue(tx, &Work::Export { export: ExportId(export) }, now, 0, None).await?;
    Ok(ExportId(export))
}

/// The files of a person that are there or being made, newest first.
#[crate::compiled_here]
pub async fn exports(desk: &Desk, actor: &Actor, id: UserId) -> Result<Vec<Export>> {
    policy::demand(actor, Action::ExportPeople, None)?;
    let rows = sqlx::query!(
        "select e.id, e.created_at, u.name, e.size, e.expires_at from exports e join users u on u.id = e.by_id
         where e.user_id = $1 and (e.expires_at is null or e.expires_at > $2) order by e.id desc limit 10",
        id.0,
        time::OffsetDateTime::from(desk.now()),
    )
    .fetch_all(desk.pool())
    .await
    .ours()?;
    Ok(rows
        .into_iter()
        .map(|r| Export {
            id: ExportId(r.id),
            created_at: r.created_at.into(),
            by: r.name,
            size: r.size,
            expires_at: r.expires_at.map(Into::into),
        })
        .collect())
}

/// A file that is ready: its size and its bytes. That it was fetched is noted.
///
/// Errors: `NotFound` when it is not ready, or not there any more.
#[crate::compiled_here]
pub async fn fetch(
    desk: &Desk,
    actor: &Actor,
    id: ExportId,
) -> Result<(i64, futures::stream::BoxStream<'static, object_store::Result<Bytes>>)> {
    policy::demand(actor, Action::ExportPeople, None)?;
    let mut tx = desk.begin().await?;
    let r = sqlx::query!(
        r#"select user_id, path as "path!", size as "size!" from exports
           where id = $1 and ready_at is not null and expires_at > $2"#,
        id.0,
        tx.at(),
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("file"))?;
    let bytes = desk.files().get(&Path::from(r.path.as_str())).await.ours()?.into_stream();
    events::append(&mut tx, actor, None, &Happening::ExportFetched { customer: UserId(r.user_id) }).await?;
    tx.commit().await?;
    Ok((r.size, bytes))
}

/// Gathers the data of an export into its file. Can be broken off and done again.
#[crate::compiled_here]
pub async fn make(desk: &Desk, id: ExportId) -> Result<()> {
    let mut conn = desk.read().await?;
    let found = sqlx::query_scalar!("select user_id from exports where id = $1 and ready_at is null", id.0)
        .fetch_optional(&mut *conn)
        .await
        .ours()?;
    // Made already, or the person was erased meanwhile.
    let Some(user) = found else { return Ok(()) };
    let (data, files) = match gather(&mut conn, UserId(user), desk).await {
        Err(error) if error.code == Code::NotFound => return Ok(()),
        other => other?,
    };
    drop(conn);
    let key: String = rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect();
    let path = format!("exports/{key}.zip");
    let size = write(desk, &path, &data, &files).await?;
    let now = desk.now();
    let ready = sqlx::query!(
        "update exports set path = $2, size = $3, ready_at = $4, expires_at = $5 where id = $1 and ready_at is null",
        id.0,
        path,
        size,
        time::OffsetDateTime::from(now),
        time::OffsetDateTime::from(now.plus_millis(KEPT_MS)),
    )
    .execute(desk.pool())
    .await
    .ours()?;
    if ready.rows_affected() == 0 {
        crate::sweep::delete_file(desk, &path).await?;
    }
    Ok(())
}

/// A file of somebody's, and what it is called in theirs.
struct File {
    path: String,
    name: String,
}

/// What is known of a person: what staff see of them, where they are signed in, what they did, and all that was said to and
/// by them. Internal notes on tickets are of staff, not of the person; those on the person are theirs.
async fn gather(conn: &mut PgConnection, id: UserId, desk: &Desk) -> Result<(Value, Vec<File>)> {
    let whole = view::load_whole(conn, &[id]).await?.pop();
    let (Known { customer, channels }, stored) = whole.ok_or_else(|| Error::not_found("customer"))?;
    let identity = |one: &Identity| json!({ "channel": one.channel.name(), "called": one.shown() });
    let ids = every_row_of(conn, id).await?;
    let sessions = sqlx::query_scalar!(
        r#"select json_build_object('address', address, 'browser', agent, 'since', created_at, 'last_used', last_used_at)
               as "row!" from sessions where user_id = any($1) order by id"#,
        &ids,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let elsewhere = ways_in(conn, &ids).await?;
    let done = sqlx::query_scalar!(
        r#"select json_build_object('at', at, 'what', kind, 'from', address, 'ticket', ticket_id) as "row!" from events
           where actor_id = any($1) and audience <> 1 order by id"#,
        &ids,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let tickets = sqlx::query!(
        r#"select t.id, json_build_object('number', t.id, 'subject', t.subject, 'status', s.customer_name,
                  'opened', t.created_at, 'company', c.name) as "row!"
           from tickets t join statuses s on s.id = t.status_id left join companies c on c.id = t.company_id
           where t.requester_id = any($1) order by t.id"#,
        &ids,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let ratings = sqlx::query_scalar!(
        r#"select json_build_object('ticket', ticket_id, 'at', at, 'of_five', data->'score', 'comment', coalesce(data->>'comment', ''))
               as "row!" from events where actor_id = any($1) and kind = 'ticket.rated' order by id"#,
        &ids,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let own: Vec<i64> = tickets.iter().map(|t| t.id).collect();
    let messages = sqlx::query_scalar!(
        r#"select json_build_object('ticket', m.ticket_id, 'at', e.at, 'by', e.actor_name, 'channel', m.channel,
                  'text', m.body, 'from', case when e.actor_id = any($1) then e.address end) as "row!"
           from messages m join events e on e.id = m.event_id
           where m.kind <> 'note' and (m.ticket_id = any($2) or e.actor_id = any($1)) order by m.event_id"#,
        &ids,
        &own,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let files = sqlx::query!(
        r#"select a.id, a.path, a.name, a.ticket_id from attachments a left join messages m on m.event_id = a.event_id
           where a.deleted_at is null and m.kind is distinct from 'note'
               and (a.ticket_id = any($2) or a.uploader_id = any($1)) order by a.id"#,
        &ids,
        &own,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let files: Vec<File> = files
        .into_iter()
        .map(|f| {
            // Several may be called the same: their numbers keep them apart. Names are clean, so none leaves its folder.
            let folder = f.ticket_id.map_or_else(|| "unsent".to_owned(), |t| t.to_string());
            File { path: f.path, name: format!("files/{folder}/{}-{}", f.id, f.name.replace(['/', '\\'], "_")) }
        })
        .collect();
    let data = json!({
        "made": desk.now().rfc3339(),
        "person": {
            "name": customer.name,
            "email": customer.email,
            "other_addresses": customer.emails,
            "phones": customer.phones,
            "channels": channels.iter().map(identity).collect::<Vec<_>>(),
            "company": customer.company.map(|c| c.name),
            "notes": customer.notes,
            "fields": stored.told(&desk.catalog().fields, Subject::Customers),
            "blocked": customer.blocked_at.map(domain::Time::rfc3339),
            "since": customer.created_at.rfc3339(),
            "has_password": customer.has_login,
        },
        "signed_in_on": sessions,
        "connected_accounts": elsewhere.connected,
        "announced_by": elsewhere.announced,
        "passkeys": elsewhere.passkeys,
        "done": done,
        "tickets": tickets.into_iter().map(|t| t.row).collect::<Vec<_>>(),
        "messages": messages,
        "ratings": ratings,
        "files": files.iter().map(|f| f.name.clone()).collect::<Vec<_>>(),
    });
    Ok((data, files))
}

/// What else lets a person in, and what those who vouch for them have said of them. No keys: what is secret is no news to them, and
/// what is public says nothing.
struct WaysIn {
    connected: Vec<Value>,
    announced: Vec<Value>,
    passkeys: Vec<Value>,
}

async fn ways_in(conn: &mut PgConnection, ids: &[i64]) -> Result<WaysIn> {
    let connected = sqlx::query_scalar!(
        r#"select json_build_object('provider', p.name, 'number_there', i.subject, 'email_there', i.email,
                  'since', i.linked_at, 'last_used', i.last_used_at) as "row!"
           from identities i join providers p on p.id = i.provider_id where i.user_id = any($1) order by i.id"#,
        ids,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let announced = sqlx::query_scalar!(
        r#"select json_build_object('provider', p.name, 'number_there', s.external_id, 'user_name', s.user_name,
                  'names', s.names, 'wanted', s.active, 'since', s.created_at, 'changed', s.changed_at,
                  'deleted_there', s.gone_at,
                  'groups', (select coalesce(json_agg(g.name order by lower(g.name)), '[]')
                             from scim_members m join scim_groups g on g.id = m.group_id
                             where m.user_id = s.user_id and g.provider_id = s.provider_id)) as "row!"
           from scim_people s join providers p on p.id = s.provider_id where s.user_id = any($1) order by s.created_at"#,
        ids,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let passkeys = sqlx::query_scalar!(
        r#"select json_build_object('name', name, 'made_for', host, 'since', added_at, 'last_used', last_used_at) as "row!"
           from passkeys where user_id = any($1) order by id"#,
        ids,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(WaysIn { connected, announced, passkeys })
}

/// Everybody who is this person: they, and those who were merged into them.
pub(super) async fn every_row_of(conn: &mut PgConnection, id: UserId) -> Result<Vec<i64>> {
    sqlx::query_scalar!("select id from users where id = $1 or merged_into = $1 order by id", id.0)
        .fetch_all(conn)
        .await
        .ours()
}

/// Where an archive is written to; emptied again and again, so that no file has to fit in memory.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Vec<u8> {
        self.0.lock().map(|mut bytes| std::mem::take(&mut *bytes)).unwrap_or_default()
    }

    fn len(&self) -> usize {
        self.0.lock().map(|bytes| bytes.len()).unwrap_or_default()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut all = self.0.lock().map_err(|_| std::io::Error::other("poisoned"))?;
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes the archive. Returns its size in bytes.
async fn write(desk: &Desk, path: &str, data: &Value, files: &[File]) -> Result<i64> {
    let mut upload = Upload::begin(desk, path).await?;
    let poured = pour(desk, &mut upload, data, files).await;
    upload.finish(poured).await.map(|((), size)| size)
}

async fn pour(desk: &Desk, upload: &mut Upload, data: &Value, files: &[File]) -> Result<()> {
    let buffer = Buffer::default();
    let mut zip = ZipWriter::new_stream(buffer.clone());
    // With the sizes behind, also of more than 4 GB.
    let options = SimpleFileOptions::default().large_file(true);
    let broken = |cause: zip::result::ZipError| crate::error::internal(&cause);
    let io = |cause: std::io::Error| crate::error::internal(&cause);
    zip.start_file("data.json", options).map_err(broken)?;
    zip.write_all(&serde_json::to_vec_pretty(data).ours()?).map_err(io)?;
    for file in files {
        let found = match desk.files().get(&Path::from(file.path.as_str())).await {
            // Removed since: the list says that it was there.
            Err(object_store::Error::NotFound { .. }) => continue,
            other => other.ours()?,
        };
        zip.start_file(&file.name, options).map_err(broken)?;
        let mut content = found.into_stream();
        while let Some(part) = content.next().await {
            zip.write_all(&part.ours()?).map_err(io)?;
            if buffer.len() >= PART {
                upload.push(&buffer.take()).await?;
            }
        }
    }
    zip.finish().map_err(broken)?;
    upload.push(&buffer.take()).await
}
