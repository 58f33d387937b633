//! Numbers about the desk.

use axum::Json;
use axum::extract::State;
use domain::policy::{self, Action};
use serde::Serialize;
use store::counts::Counts;
use store::{Desk, people};
use utoipa::ToSchema;

use super::input::{Caller, Refusal};
use super::openapi::{ForCallers, ForStaff};
use super::wire::Person;

/// How many tickets there are. The numbers follow changes within moments.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "total": 5000, "active": 412, "unassigned": 38,
    "by_status": [{ "status": "open", "name": "Open", "tickets": 120, "unassigned": 38 }],
    "by_assignee": [{ "assignee": { "id": 4, "name": "Maria Lopez" }, "active": 21, "total": 240 }]
}))]
pub struct Stats {
    /// All tickets.
    pub total: i64,
    /// Those in which somebody still has to do something.
    pub active: i64,
    /// Active ones that nobody was given.
    pub unassigned: i64,
    /// In the workflow's order.
    pub by_status: Vec<OfStatus>,
    /// Everybody who may be given tickets, by name.
    pub by_assignee: Vec<OfAssignee>,
}

/// The tickets in one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfStatus {
    /// The state's key.
    pub status: String,
    pub name: String,
    pub tickets: i64,
    pub unassigned: i64,
}

/// The tickets of one person on staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfAssignee {
    pub assignee: Person,
    pub active: i64,
    pub total: i64,
}

/// Numbers
#[utoipa::path(get, path = "/stats", tag = "Staff", security(("bearer" = [])), responses(
    (status = 200, description = "The numbers", body = Stats), ForCallers, ForStaff
))]
pub async fn stats(State(desk): State<Desk>, Caller(actor): Caller) -> Result<Json<Stats>, Refusal> {
    policy::demand(&actor, Action::SeeStats, None)?;
    let (counts, staff) = {
        let mut conn = desk.read().await?;
        (Counts::load(&mut conn).await?, people::staff(&mut conn, &actor).await?)
    };
    let catalog = desk.catalog();
    let all: Vec<_> = catalog.workflow.statuses.iter().map(|s| s.id).collect();
    let active = catalog.active();
    Ok(Json(Stats {
        total: counts.count(&all, None),
        active: counts.count(&active, None),
        unassigned: counts.count(&active, Some(None)),
        by_status: catalog
            .workflow
            .statuses
            .iter()
            .map(|s| OfStatus {
                status: s.key.clone(),
                name: s.name.clone(),
                tickets: counts.count(&[s.id], None),
                unassigned: counts.count(&[s.id], Some(None)),
            })
            .collect(),
        by_assignee: staff
            .into_iter()
            .map(|person| OfAssignee {
                active: counts.count(&active, Some(Some(person.id))),
                total: counts.count(&all, Some(Some(person.id))),
                assignee: person.into(),
            })
            .collect(),
    }))
}
