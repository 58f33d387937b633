//! Teams: the list of them, and one with its people.

use super::{Back, last_step, rpc};
use crate::erased::Rows;
use crate::fetched::resource;
use crate::{
    flash::flash,
    icons::{Ico, Icon},
    settings::{SettingsPage, loading, page_of},
    shared::{Column, EmptyState, Field, fetched, field_error, submit, table},
};
use domain::{TeamId, access::Team, people::Person};
use leptos::prelude::*;

/// `/settings/teams`.
#[component]
pub fn TeamsPage() -> impl IntoView {
    page_of(
        "Teams",
        "Tickets can be given to a team. Whoever does not see all tickets sees those of their teams.",
        rpc::all_teams,
        |teams| view! { <All teams /> }.into_any(),
    )
}

#[component]
fn All(teams: Vec<Team>) -> impl IntoView {
    let empty = teams.is_empty();
    let rows = teams.into_iter().map(|team| {
        let members = team.members.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ");
        let members = if members.is_empty() { "Nobody yet".to_owned() } else { members };
        view! {
            <tr>
                <th scope="row">
                    <a class="link" href=format!("/settings/teams/{}", team.id)>
                        {team.name}
                    </a>
                    <p class="field__hint">{team.description}</p>
                </th>
                <td data-label="Members">{members}</td>
                <td data-label="Tickets">
                    <a class="link" href=format!("/tickets?team={}", team.id)>
                        "Show"
                    </a>
                </td>
            </tr>
        }
    });
    view! {
        {if empty {
            view! { <EmptyState icon=Icon::Users title="No teams yet" text="Make one where several people share their work." /> }
                .into_any()
        } else {
            table(
                "Teams, by name",
                &[Column::Text("Team"), Column::Text("Members"), Column::Narrow("Tickets")],
                rows,
            )
        }}
        <div class="actions">
            <a class="button button--primary" href="/settings/teams/new">
                <Ico icon=Icon::Plus />
                "New team"
            </a>
        </div>
    }
    .into_any()
}

/// `/settings/teams/:id`, and `/settings/teams/new`.
#[component]
pub fn TeamPage() -> impl IntoView {
    let id = last_step();
    let found = resource(
        move || id.get(),
        |id| async move {
            let id = (id != "new").then(|| TeamId(id.parse().unwrap_or_default()));
            rpc::one_team(id).await
        },
    );
    view! {
        <SettingsPage title="Team" lead="Who is in it sees its tickets, also without the right to see all.">
            <Back href="/settings/teams" name="All teams" />
            {fetched(loading, found, |(team, staff)| view! { <Edit team staff /> }.into_any())}
        </SettingsPage>
    }
    .into_any()
}

#[component]
fn Edit(team: Option<Team>, mut staff: Vec<Person>) -> impl IntoView {
    let mut flash = flash();
    let page = team.as_ref().map_or_else(|| "/settings/teams/new".to_owned(), |t| format!("/settings/teams/{}", t.id));
    let typed = flash.values.iter().any(|(name, _)| name == "name");
    if !typed && let Some(team) = &team {
        flash.values.push(("name".into(), team.name.clone()));
        flash.values.push(("description".into(), team.description.clone()));
    }
    let members = team.as_ref().map(|t| t.members.clone()).unwrap_or_default();
    // Whoever is blocked is not among those to choose from, and stays a member all the same.
    staff.extend(members.iter().filter(|m| staff.iter().all(|s| s.id != m.id)).cloned().collect::<Vec<_>>());
    let ids: Vec<String> = flash.values.iter().filter(|(name, _)| name == "member").map(|(_, id)| id.clone()).collect();
    let problem = flash.problem("members");
    let delete = team.is_some().then(|| page.clone());
    let rows = staff.into_iter().map(|person| {
        let on = if typed { ids.contains(&person.id.to_string()) } else { members.iter().any(|m| m.id == person.id) };
        view! {
            <label class="check">
                <input type="checkbox" name="member" value=person.id.to_string() checked=on autocomplete="off" />
                <span>{person.name}</span>
            </label>
        }
    });
    view! {
        <form method="post" action=page class="stack" novalidate>
            <Field flash=flash.clone() name="name" label="Name" required=true maxlength=60 />
            <Field flash name="description" label="What it takes care of" maxlength=300 />
            <fieldset class="field">
                <legend class="field__label">"Members"</legend>
                {field_error("members", problem)}
                <div class="members">{rows.rows()}</div>
            </fieldset>
            {submit("Save")}
        </form>
        {delete
            .map(|page| {
                view! {
                    <section class="section">
                        <form method="post" action=page class="actions">
                            <p class="muted grow">"A team without tickets can be deleted."</p>
                            <button class="button button--danger" type="submit" name="delete" value="yes">
                                "Delete this team"
                            </button>
                        </form>
                    </section>
                }
            })}
    }
    .into_any()
}
