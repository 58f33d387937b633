//! What is done to very many tickets of one person or company: batch by batch, beside other work.
//!
//! That it is to be done is decided at once, and all that is said of the people themselves with it: who was merged leads to the
//! other one, who was erased is nobody, who has changed company is the other one's. Only their tickets follow, so nothing is
//! refused half-way. How far it has come is written in the transaction of what was done: it can be broken off anywhere and goes
//! on from there.

use crate::{
    Desk, OrOurs, Tx, companies, customers,
    customers::forget::{self, Person, Place},
    events,
    jobs::{self, Work},
    people,
};
use domain::{
    Actor, Code, CompanyId, ErrandId, Error, Result, UserId,
    errand::{About, Errand, Kind},
    event::Happening,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// How many tickets or events go in one transaction.
pub const BATCH: i64 = 500;
/// How many batches one job does before it makes room for others.
const BATCHES: usize = 40;
/// When it is looked once more for tickets that were being opened meanwhile, in milliseconds.
const AGAIN_MS: i64 = 60_000;
/// Its page shows for so long that it is over, in milliseconds: a day.
const SHOWN_MS: i64 = 86_400_000;
/// One that has not come on for so long has lost its job, in milliseconds: an hour.
const LOST_MS: i64 = 3_600_000;

/// What is being done to a customer or company, or was lately: what goes on first, then the newest.
#[crate::compiled_here]
pub async fn of(desk: &Desk, actor: &Actor, about: About) -> Result<Vec<Errand>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let (user, company) = match about {
        About::Customer(user) => (Some(user.0), None),
        About::Company(company) => (None, Some(company.0)),
    };
    let rows = sqlx::query!(
        r#"select e.id, e.kind, e.done, e.total, e.created_at, e.ended_at, coalesce(u.name, c.name, '') as "whose!"
           from errands e
           left join users u on u.id = case e.kind when 'convert' then e.user_id else e.gone_user_id end
           left join companies c on c.id = e.gone_company_id and e.kind = 'merge_companies'
           where (e.user_id = $1 or e.company_id = $2 or e.gone_company_id = $2 and e.kind = 'convert')
               and e.total > 0 and (e.ended_at is null or e.ended_at > $3)
           order by e.ended_at is not null, e.id desc limit 5"#,
        user,
        company,
        time::OffsetDateTime::from(desk.now().plus_millis(-SHOWN_MS)),
    )
    .fetch_all(&mut *desk.read().await?)
    .await
    .ours()?;
    let errands = rows.into_iter().filter_map(|r| {
        Some(Errand {
            id: ErrandId(r.id),
            kind: Kind::from_word(&r.kind)?,
            whose: r.whose,
            done: r.done,
            all: r.total,
            began_at: r.created_at.into(),
            ended_at: r.ended_at.map(Into::into),
        })
    });
    Ok(errands.collect())
}

/// Refuses what is not to be done while something is under way with one of these. Whoever asks has locked them. `beside`: what is
/// not in the way as long as it is about other people of these companies.
pub(crate) async fn demand_none(tx: &mut Tx, users: &[i64], companies: &[i64], beside: Option<Kind>) -> Result<()> {
    let busy = sqlx::query_scalar!(
        r#"select exists (
               select 1 from errands where ended_at is null and (user_id = any($1) or gone_user_id = any($1)
                   or (company_id = any($2) or gone_company_id = any($2)) and kind is distinct from $3)) as "busy!""#,
        users,
        companies,
        beside.map(Kind::word),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if busy {
        return Err(Error::new(
            Code::Busy,
            "Tickets of an earlier change are still on their way. Nothing was changed; please wait until that is done.",
        ));
    }
    Ok(())
}

/// What is to be done, once it is decided.
pub(crate) enum Task {
    MergeCustomers {
        kept: UserId,
        gone: UserId,
    },
    MergeCompanies {
        kept: CompanyId,
        gone: CompanyId,
    },
    Erase {
        user: UserId,
        person: Person,
    },
    /// `last`: the highest number of a ticket that goes along.
    Convert {
        user: UserId,
        from: Option<CompanyId>,
        to: Option<CompanyId>,
        last: i64,
    },
}

impl Task {
    fn kind(&self) -> Kind {
        match self {
            Task::MergeCustomers { .. } => Kind::MergeCustomers,
            Task::MergeCompanies { .. } => Kind::MergeCompanies,
            Task::Erase { .. } => Kind::Erase,
            Task::Convert { .. } => Kind::Convert,
        }
    }

    /// Whom it is about, and who has gone.
    fn users(&self) -> (Option<UserId>, Option<UserId>) {
        match self {
            Task::MergeCustomers { kept, gone } => (Some(*kept), Some(*gone)),
            Task::MergeCompanies { .. } => (None, None),
            Task::Erase { user, .. } | Task::Convert { user, .. } => (Some(*user), None),
        }
    }

    /// Which company tickets come to, and which one they leave.
    fn companies(&self) -> (Option<CompanyId>, Option<CompanyId>) {
        match self {
            Task::MergeCompanies { kept, gone } => (Some(*kept), Some(*gone)),
            Task::Convert { from, to, .. } => (*to, *from),
            Task::MergeCustomers { .. } | Task::Erase { .. } => (None, None),
        }
    }
}

/// Has something done batch by batch. `all`: how many tickets or events it is about.
pub(crate) async fn begin(tx: &mut Tx, actor: &Actor, task: Task, all: i64) -> Result<()> {
    let ((user, gone_user), (company, gone_company)) = (task.users(), task.companies());
    let kind = task.kind().word();
    let (reached, erased) = match task {
        Task::Convert { last, .. } => (last, None),
        Task::Erase { person, .. } => (0, Some(person)),
        Task::MergeCustomers { .. } | Task::MergeCompanies { .. } => (0, None),
    };
    let id = sqlx::query_scalar!(
        "insert into errands (kind, user_id, gone_user_id, company_id, gone_company_id, people, addresses, messages, reached,
             total, by_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) returning id",
        kind,
        user.map(|u| u.0),
        gone_user.map(|u| u.0),
        company.map(|c| c.0),
        gone_company.map(|c| c.0),
        erased.as_ref().map(|p| p.ids.as_slice()).unwrap_or_default(),
        erased.as_ref().map(|p| p.addresses.as_slice()).unwrap_or_default(),
        erased.as_ref().is_some_and(|p| p.messages),
        reached,
        all,
        actor.user_id().map(|u| u.0),
        tx.at(),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    enqueue(tx, ErrandId(id)).await
}

async fn enqueue(tx: &mut Tx, errand: ErrandId) -> Result<()> {
    let at = tx.now;
    jobs::enqueue(tx, &Work::Errand { errand, again: false }, at, 5, Some(&format!("errand:{errand}"))).await
}

/// Goes on where it was left. Can be broken off and done again. `again`: a minute after its end, for tickets that were being
/// opened by those who had the old one in their hands.
#[crate::compiled_here]
pub async fn work(desk: &Desk, errand: ErrandId, again: bool) -> Result<()> {
    for _ in 0..BATCHES {
        if !step(desk, errand, again).await? {
            return Ok(());
        }
    }
    let mut tx = desk.begin().await?;
    match again {
        false => enqueue(&mut tx, errand).await?,
        true => {
            let at = tx.now;
            jobs::enqueue(&mut tx, &Work::Errand { errand, again }, at, 5, None).await?;
        }
    }
    tx.commit_quietly().await
}

/// Brings back those that have lost their job: it had failed too often, while something else was broken.
pub(crate) async fn revive(desk: &Desk) -> Result<()> {
    let mut tx = desk.begin().await?;
    let before = time::OffsetDateTime::from(tx.now.plus_millis(-LOST_MS));
    let lost = sqlx::query_scalar!("select id from errands where ended_at is null and updated_at < $1", before)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    for errand in lost {
        enqueue(&mut tx, ErrandId(errand)).await?;
    }
    tx.commit_quietly().await
}

/// One that was begun, and how far it has come.
struct Row {
    task: Task,
    place: Place,
    done: i64,
    ended: bool,
    by: Option<i64>,
}

async fn load(conn: &mut PgConnection, errand: ErrandId) -> Result<Option<Row>> {
    let r = sqlx::query!(
        r#"select kind, user_id, gone_user_id, company_id, gone_company_id, people, addresses, messages, part, reached, done,
                  ended_at is not null as "ended!", by_id, created_at
           from errands where id = $1"#,
        errand.0,
    )
    .fetch_optional(conn)
    .await
    .ours()?;
    Ok(r.and_then(|r| {
        let (user, gone_user) = (r.user_id.map(UserId), r.gone_user_id.map(UserId));
        let (company, gone_company) = (r.company_id.map(CompanyId), r.gone_company_id.map(CompanyId));
        let task = match Kind::from_word(&r.kind)? {
            Kind::MergeCustomers => Task::MergeCustomers { kept: user?, gone: gone_user? },
            Kind::MergeCompanies => Task::MergeCompanies { kept: company?, gone: gone_company? },
            Kind::Erase => {
                let (ids, addresses) = (r.people, r.addresses);
                let person = Person { ids, addresses, messages: r.messages, until: r.created_at };
                Task::Erase { user: user?, person }
            }
            Kind::Convert => Task::Convert { user: user?, from: gone_company, to: company, last: r.reached },
        };
        let place = Place { part: r.part, reached: r.reached };
        Some(Row { task, place, done: r.done, ended: r.ended, by: r.by_id })
    }))
}

/// Does one batch, with what is noted of it. `false`: it is over, or somebody else is at it.
#[crate::compiled_here]
pub async fn step(desk: &Desk, errand: ErrandId, again: bool) -> Result<bool> {
    let mut tx = desk.begin().await?;
    // Not the row: who holds that has a place in the order of events already, before the tickets' turns have come.
    let free = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtextextended('errand:' || $1::bigint, 0)) as "free!""#,
        errand.0,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let Some(row) = load(&mut tx.conn, errand).await?.filter(|row| free && row.ended == again) else {
        return Ok(false);
    };
    // Asked for it and may have left since: what was decided is done all the same.
    let by = match row.by {
        Some(by) => people::principal_if_any(&mut tx.conn, UserId(by)).await?,
        None => None,
    };
    let actor = by.map_or_else(|| Actor::system("Docket"), |(person, _)| Actor::user(person, None));
    let batch = match &row.task {
        Task::MergeCustomers { kept, gone } => customers::merge::follow(&mut tx, &actor, *kept, *gone, BATCH).await?,
        Task::MergeCompanies { kept, gone } => {
            let moved = companies::merge::follow(&mut tx, &actor, *kept, *gone, BATCH).await?;
            moved.map(|count| (row.place, count))
        }
        Task::Erase { person, .. } => forget::step(&mut tx, person, row.place, BATCH).await?,
        Task::Convert { user, from, to, last } => {
            customers::company::follow(&mut tx, &actor, *user, (*from, *to), *last, BATCH).await?
        }
    };
    if again {
        tx.commit().await?;
        return Ok(batch.is_some());
    }
    let ended = batch.is_none();
    let (place, count) = batch.unwrap_or((row.place, 0));
    let at = tx.at();
    sqlx::query!(
        "update errands set part = $2, reached = $3, done = done + $4, updated_at = $5::timestamptz,
             ended_at = case when $6 then $5::timestamptz end, addresses = case when $6 then '{}' else addresses end
         where id = $1",
        errand.0,
        place.part,
        place.reached,
        count as i64,
        at,
        ended,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if ended {
        let tickets = row.done;
        let what = match &row.task {
            Task::MergeCustomers { kept, gone } => {
                Happening::CustomerMergeFinished { gone: *gone, kept: *kept, tickets }
            }
            Task::MergeCompanies { kept, gone } => {
                let gone = companies::named(&mut tx, *gone).await?;
                let kept = companies::named(&mut tx, *kept).await?;
                Happening::CompanyMergeFinished { gone, kept, tickets }
            }
            Task::Erase { user, .. } => Happening::ErasureFinished { user: *user },
            Task::Convert { user, to, .. } => {
                let to = match to {
                    Some(to) => Some(companies::named(&mut tx, *to).await?),
                    None => None,
                };
                Happening::CompanyOfFinished { user: *user, to, tickets }
            }
        };
        events::append(&mut tx, &actor, None, &what).await?;
        if matches!(row.task, Task::MergeCustomers { .. } | Task::MergeCompanies { .. }) {
            let later = tx.now.plus_millis(AGAIN_MS);
            jobs::enqueue(&mut tx, &Work::Errand { errand, again: true }, later, 5, None).await?;
        }
    }
    tx.commit().await?;
    Ok(!ended)
}
