//! Mails that could not be sent: those that are tried again, and those that were given up.

use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Error, Result,
    event::Happening,
    mail::Unsent,
    policy::{self, Action},
};

/// How many are listed: those given up first, then the newest.
const LISTED: i64 = 50;

/// Mails that were refused, or whose server could not be reached, with whom they are for.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Vec<Unsent>> {
    policy::demand(actor, Action::Administer, None)?;
    let rows = sqlx::query!(
        r#"select j.id, l.kind as "kind!", j.last_error as "reason!", j.attempts, j.run_at, j.failed_at, j.created_at,
                  coalesce(i.email, k.email, u.email, q.email, l.about->>'email') as email
           from jobs j
           cross join lateral jsonb_each(j.data->'letter') as l (kind, about)
           left join invitations i on i.id = (l.about->>'invitation')::bigint
           left join account_links k on k.id = (l.about->>'link')::bigint
           left join users u on u.id = (l.about->>'user')::bigint
           left join tickets t on t.id = (l.about->>'ticket')::bigint
           left join users q on q.id = t.requester_id
           where j.kind = 'letter' and j.last_error is not null
           order by j.failed_at is null, j.id desc limit $1"#,
        LISTED,
    )
    .fetch_all(desk.pool())
    .await
    .ours()?;
    let unsent = rows.into_iter().map(|r| Unsent {
        id: r.id,
        letter: r.kind,
        to: r.email.unwrap_or_default(),
        reason: r.reason,
        attempts: r.attempts,
        at: r.created_at.into(),
        given_up: r.failed_at.is_some(),
        next_at: r.failed_at.is_none().then(|| r.run_at.into()),
    });
    Ok(unsent.collect())
}

/// Has a mail tried again now, as often as a new one. Errors: `NotFound` when it has gone out meanwhile, or is being sent.
#[crate::compiled_here]
pub async fn send_again(tx: &mut Tx, actor: &Actor, id: i64) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    let now = tx.at();
    let changed = sqlx::query!(
        "update jobs set failed_at = null, attempts = 0, run_at = $2
         where id = $1 and kind = 'letter' and last_error is not null and (taken_until is null or taken_until < $2)",
        id,
        now,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if changed.rows_affected() == 0 {
        return Err(Error::not_found("mail that waits"));
    }
    tx.enqueued = true;
    events::append(tx, actor, None, &Happening::UnsentTriedAgain { job: id }).await?;
    Ok(())
}

/// Gives a mail up for good: it is not sent, and not listed any more. Errors: like [`send_again`].
#[crate::compiled_here]
pub async fn discard(tx: &mut Tx, actor: &Actor, id: i64) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    let now = tx.at();
    let gone = sqlx::query!(
        "delete from jobs
         where id = $1 and kind = 'letter' and last_error is not null and (taken_until is null or taken_until < $2)",
        id,
        now,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if gone.rows_affected() == 0 {
        return Err(Error::not_found("mail that waits"));
    }
    events::append(tx, actor, None, &Happening::UnsentDiscarded { job: id }).await?;
    Ok(())
}
