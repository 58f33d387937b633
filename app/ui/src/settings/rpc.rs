//! Server functions for settings. Each operation asks itself whether the actor is an admin.

use crate::rpc::Rpc;
#[cfg(feature = "ssr")]
use crate::rpc::call;
use domain::{
    StatusId,
    priority::{Level, Priority, PriorityTable},
    workflow::Workflow,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::Json;

/// What the settings page edits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub priorities: PriorityTable,
    pub workflow: Workflow,
}

#[server(endpoint = "settings/read", input = Json)]
pub async fn read_settings() -> Rpc<Settings> {
    call(|desk, actor| async move {
        domain::policy::demand(&actor, domain::policy::Action::Administer, None)?;
        let catalog = desk.catalog();
        Ok(Settings { priorities: catalog.priorities.clone(), workflow: catalog.workflow.clone() })
    })
    .await
}

/// Says which priority a pair gets.
#[server(endpoint = "settings/priority", input = Json)]
pub async fn set_priority(urgency: Level, importance: Level, priority: Priority) -> Rpc<()> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        store::settings::set_priority(&mut tx, &actor, urgency, importance, priority).await?;
        tx.commit().await
    })
    .await
}

/// Sets or lifts the limit of a column.
#[server(endpoint = "settings/wip", input = Json)]
pub async fn set_wip(status: StatusId, limit: Option<i32>, refuse: bool) -> Rpc<()> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        store::settings::set_wip_limit(&mut tx, &actor, status, limit, refuse).await?;
        tx.commit().await
    })
    .await
}
