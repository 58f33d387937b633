//! Staff are invited by mail.

use super::{
    frame::{SettingsPage, loading},
    rpc,
};
use crate::access::rpc::all_roles;
use crate::json::resource;
use crate::{
    flash::{Done, flash},
    icons::{Ico, Icon},
    me,
    shared::{EmptyState, ErrorNotice, Field, When, awaited},
};
use domain::{
    Actor, Role,
    access::{Permissions, RoleChoice, Roles},
    invitation::{Invitation, State},
    policy::{self, Action},
};
use leptos::prelude::*;

const PAGE: &str = "/settings/invitations";

/// `/settings/invitations`.
#[component]
pub fn InvitationsPage() -> impl IntoView {
    let invitations = resource(|| (), |()| rpc::invitations());
    let roles = resource(|| (), |()| all_roles());
    view! {
        <SettingsPage
            title="Invitations"
            lead="Who is invited gets a mail with a link, chooses a name and a password, and is on staff. A link is good for seven days."
        >
            <Done words=DONE />
            {awaited(
                loading,
                move || async move {
                    match (invitations.await, roles.await) {
                        (Ok(list), Ok(roles)) => {
                            view! {
                                <Invite roles />
                                <List list />
                            }
                                .into_any()
                        }
                        (Err(error), _) | (_, Err(error)) => {
                            let retry = Callback::new(move |()| {
                                invitations.refetch();
                                roles.refetch();
                            });
                            view! { <ErrorNotice error=error.0 retry /> }.into_any()
                        }
                    }
                },
            )}
        </SettingsPage>
    }
    .into_any()
}

/// What the last button has come to.
const DONE: &[(&str, &str)] = &[
    ("invited", "The invitation is on its way."),
    ("resent", "The invitation is on its way again. The link of the mail before does not work any more."),
    ("revoked", "The invitation is taken back. Its link does not work any more."),
];

/// The roles that this person may give, each with its word and its name: the one with the fewest rights first.
fn offered(roles: Roles) -> Vec<(String, String)> {
    let actor = me::me().map_or_else(|| Actor::visitor(None), |person| Actor::user(person, None));
    let built_in = [Role::Agent, Role::Manager, Role::Superadmin]
        .map(|role| (RoleChoice::BuiltIn(role), role, Permissions::of_role(role), role.name().to_owned()));
    let custom = roles.custom.into_iter().map(|r| (RoleChoice::Custom(r.id), Role::Agent, r.permissions, r.name));
    let may = built_in.into_iter().chain(custom).filter(|(_, base, may, _)| policy::may_hand_out(&actor, *base, *may));
    may.map(|(choice, _, _, name)| (choice.word(), name)).collect()
}

#[component]
fn Invite(roles: Roles) -> impl IntoView {
    let flash = flash();
    let start = me::start();
    let wanted = flash.value("role");
    let (role_problem, team_problem) = (flash.problem("role"), flash.problem("team"));
    let on: Vec<String> = flash.values.iter().filter(|(name, _)| name == "team").map(|(_, id)| id.clone()).collect();
    let teams = (start.may(Action::ManageTeams) && !start.teams.is_empty()).then(|| {
        let rows = start.teams.iter().map(|team| {
            let id = team.id.to_string();
            let on = on.contains(&id);
            view! {
                <div class="box__row">
                    <label class="check">
                        <input type="checkbox" name="team" value=id checked=on autocomplete="off" />
                        <span>{team.name.clone()}</span>
                    </label>
                </div>
            }
        });
        view! {
            <fieldset class="box">
                <legend class="field__label">"In these teams"</legend>
                {rows.collect_view()}
            </fieldset>
            {team_problem.map(problem)}
        }
    });
    view! {
        <form method="post" action=PAGE class="stack">
            <Field
                flash
                name="email"
                label="E-mail address"
                kind="email"
                autocomplete="off"
                required=true
                maxlength=254
            />
            <div class="field">
                <label class="field__label" for="role">
                    "As"
                </label>
                <select class="select" id="role" name="role">
                    {offered(roles)
                        .into_iter()
                        .map(|(word, name)| {
                            let chosen = wanted == word;
                            view! {
                                <option value=word selected=chosen>
                                    {name}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
                {role_problem.map(problem)}
            </div>
            {teams}
            <div class="actions">
                <button class="button button--primary" type="submit">
                    "Send invitation"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// What is wrong with a field.
fn problem(said: String) -> impl IntoView {
    view! {
        <p class="field__error">
            <Ico icon=Icon::Alert />
            {said}
        </p>
    }
}

#[component]
fn List(list: Vec<Invitation>) -> impl IntoView {
    if list.is_empty() {
        return view! {
            <EmptyState icon=Icon::UserPlus title="Nobody is invited" text="Whom you invite is listed here, with what has come of it." />
        }
        .into_any();
    }
    let rows = list.into_iter().map(|invitation| view! { <Row invitation /> });
    view! {
        <div class="table-wrap">
            <table class="table table--stack">
                <caption class="sr-only">"Invitations, those that wait first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Address"</th>
                        <th scope="col">"As"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Sent"</th>
                        <th scope="col" class="fit">
                            <span class="sr-only">"What can be done"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn Row(invitation: Invitation) -> impl IntoView {
    let Invitation { id, email, role_name, teams, invited_by, sent_at, state, may_change, .. } = invitation;
    let kind = match state {
        State::Open => "accent",
        State::Expired => "amber",
        State::RoleGone => "red",
        State::Accepted => "green",
        State::Revoked => "",
    };
    let open = may_change && matches!(state, State::Open | State::Expired | State::RoleGone);
    let again = state != State::RoleGone;
    view! {
        <tr>
            <th scope="row">{email.clone()}</th>
            <td data-label="As">
                {role_name}
                {(!teams.is_empty())
                    .then(|| view! { " " <span class="field__hint">{format!("in {}", teams.join(", "))}</span> })}
            </td>
            <td data-label="State">
                <span class="badge" data-kind=kind>
                    {state.name()}
                </span>
            </td>
            <td data-label="Sent">
                <When at=sent_at in_words=true />
                {format!(" by {invited_by}")}
            </td>
            <td class="fit">
                {open
                    .then(|| {
                        view! {
                            <form method="post" action=PAGE class="actions">
                                {again
                                    .then(|| {
                                        view! {
                                            <button
                                                class="button button--sm"
                                                type="submit"
                                                name="resend"
                                                value=id.to_string()
                                                aria-label=format!("Send the invitation of {email} again")
                                            >
                                                "Send again"
                                            </button>
                                        }
                                    })}
                                <button
                                    class="button button--sm"
                                    type="submit"
                                    name="revoke"
                                    value=id.to_string()
                                    aria-label=format!("Take back the invitation of {email}")
                                >
                                    "Take back"
                                </button>
                            </form>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}
