//! The catalog (workflow, priority table, tags) and its changes.

pub mod priorities;
pub mod second_factor;

use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Error, Principal, Result, StatusId, TagId, TeamId, Time,
    access::TeamName,
    event::Happening,
    fields::Definition,
    policy::{self, Action},
    priority::PriorityTable,
    second_factor::Requirement,
    tag::{self, Tag},
    workflow::{Category, Status, Workflow},
};
use sqlx::PgPool;
use std::collections::{BTreeSet, HashMap};

/// Small tables that every page needs, read once and kept.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub workflow: Workflow,
    pub priorities: PriorityTable,
    pub tags: Vec<Tag>,
    /// By name.
    pub teams: Vec<TeamName>,
    /// Whether staff must have a second factor.
    pub second_factor: Option<Requirement>,
    /// Custom fields, retired ones included, in their order.
    pub fields: Vec<Definition>,
}

impl Catalog {
    pub(crate) async fn load(pool: &PgPool) -> Result<Self> {
        let statuses = sqlx::query!(
            "select id, key, name, customer_name, category, wip_limit, wip_refuse from statuses order by position, id"
        )
        .fetch_all(pool)
        .await
        .ours()?
        .into_iter()
        .map(|r| Status {
            id: StatusId(r.id),
            key: r.key,
            name: r.name,
            customer_name: r.customer_name,
            category: Category::from_word(&r.category).unwrap_or(Category::Open),
            wip_limit: r.wip_limit,
            wip_refuse: r.wip_refuse,
        })
        .collect();
        let transitions = sqlx::query!("select from_id, to_id from status_transitions order by 1, 2")
            .fetch_all(pool)
            .await
            .ours()?
            .into_iter()
            .map(|r| (StatusId(r.from_id), StatusId(r.to_id)))
            .collect();
        let priorities = priorities::load(pool).await?;
        let tags = sqlx::query!("select id, name, colour from tags order by name")
            .fetch_all(pool)
            .await
            .ours()?
            .into_iter()
            .map(|r| Tag { id: TagId(r.id), name: r.name, colour: r.colour })
            .collect();
        let teams = sqlx::query!("select id, name from teams order by lower(name), id")
            .fetch_all(pool)
            .await
            .ours()?
            .into_iter()
            .map(|r| TeamName { id: TeamId(r.id), name: r.name })
            .collect();
        let second_factor = second_factor::load(pool).await?;
        let fields = crate::fields::load(pool).await?;
        Ok(Self { workflow: Workflow { statuses, transitions }, priorities, tags, teams, second_factor, fields })
    }

    pub fn tag(&self, id: TagId) -> Option<&Tag> {
        self.tags.iter().find(|t| t.id == id)
    }

    /// The tags of these ids, in the order of their names.
    pub fn tags_of(&self, ids: &[TagId]) -> Vec<Tag> {
        self.tags.iter().filter(|t| ids.contains(&t.id)).cloned().collect()
    }

    /// From when on somebody on staff without a second factor, whose account was made then, gets no further.
    pub fn second_factor_due(&self, person: &Principal, joined: Time) -> Option<Time> {
        self.second_factor.filter(|_| person.role.is_staff()).map(|required| required.due(joined))
    }

    /// The states in which somebody still has to do something.
    pub fn active(&self) -> Vec<StatusId> {
        self.workflow.statuses.iter().filter(|s| s.category.is_active()).map(|s| s.id).collect()
    }
}

/// The ids of these tags, made where they do not exist yet. The names must be clean (`domain::tag::clean_name`).
pub(crate) async fn tag_ids(tx: &mut Tx, names: &[String]) -> Result<Vec<i64>> {
    let mut ids: Vec<i64> = tags_named(tx, names).await?.into_values().collect();
    ids.sort_unstable();
    Ok(ids)
}

/// The same by their names. One statement, however many there are.
pub(crate) async fn tags_named(tx: &mut Tx, names: &[String]) -> Result<HashMap<String, i64>> {
    let known = tx.desk().catalog();
    let mut ids = HashMap::with_capacity(names.len());
    // In one order everywhere: two tickets that bring the same new tags must not wait for each other.
    let mut new = BTreeSet::new();
    for name in names {
        match known.tags.iter().find(|t| t.name == *name) {
            Some(tag) => drop(ids.insert(name.clone(), tag.id.0)),
            None => drop(new.insert(name.clone())),
        }
    }
    if new.is_empty() {
        return Ok(ids);
    }
    let new: Vec<String> = new.into_iter().collect();
    let colours: Vec<i16> = new.iter().map(|n| domain::text::hue(n, tag::COLOURS as u32) as i16).collect();
    // `do update` instead of `do nothing`, so that the rows come back when another node has just made them.
    let made = sqlx::query!(
        "insert into tags (name, colour)
         select n.name, n.colour from unnest($1::text[], $2::smallint[]) with ordinality as n (name, colour, place)
         order by n.place on conflict (name) do update set name = excluded.name returning id, name",
        &new,
        &colours,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    tx.catalog_changed = true;
    ids.extend(made.into_iter().map(|r| (r.name, r.id)));
    Ok(ids)
}

/// The columns of the board, with their limits.
#[crate::compiled_here]
pub async fn columns(desk: &Desk, actor: &Actor) -> Result<Vec<Status>> {
    policy::demand(actor, Action::Administer, None)?;
    Ok(desk.catalog().workflow.statuses.clone())
}

/// A column's work-in-progress limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub status: StatusId,
    /// At most so many tickets; `None`: as many as there are.
    pub limit: Option<i32>,
    /// Whether a full column takes no more, or is only marked.
    pub refuse: bool,
}

/// What is wrong with a limit that [`is_limit`] does not take.
pub const LIMIT_HELP: &str = "Use a number from 1 to 9999, or leave it empty for no limit.";

/// Whether a column may have this limit.
pub fn is_limit(limit: Option<i32>) -> bool {
    limit.is_none_or(|limit| (1..=9_999).contains(&limit))
}

/// Sets those limits that differ from what they are.
#[crate::compiled_here]
pub async fn set_wip_limits(tx: &mut Tx, actor: &Actor, limits: &[Limit]) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    let catalog = tx.desk().catalog();
    for wanted in limits {
        let same = catalog
            .workflow
            .status(wanted.status)
            .is_some_and(|s| s.wip_limit == wanted.limit && s.wip_refuse == wanted.refuse);
        if !same {
            set_wip_limit(tx, actor, wanted.status, wanted.limit, wanted.refuse).await?;
        }
    }
    Ok(())
}

/// Sets or lifts a column's work-in-progress limit.
#[crate::compiled_here]
pub async fn set_wip_limit(
    tx: &mut Tx,
    actor: &Actor,
    status: StatusId,
    limit: Option<i32>,
    refuse: bool,
) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    if !is_limit(limit) {
        return Err(Error::field("limit", LIMIT_HELP));
    }
    let found =
        sqlx::query!("update statuses set wip_limit = $2, wip_refuse = $3 where id = $1", status.0, limit, refuse)
            .execute(&mut *tx.conn)
            .await
            .ours()?;
    if found.rows_affected() == 0 {
        return Err(Error::not_found("status"));
    }
    tx.catalog_changed = true;
    events::append(tx, actor, None, &Happening::WipLimit { status, limit, refuse }).await?;
    Ok(())
}
