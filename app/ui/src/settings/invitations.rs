//! Staff are invited by mail.

use super::{
    frame::{SettingsPage, loading},
    rpc,
};
use crate::access::rpc::all_roles;
use crate::erased::{Rows, Sometimes};
use crate::fetched::resource;
use crate::{
    flash::{Done, flash},
    icons::Icon,
    me,
    shared::{Column, EmptyState, Field, When, awaited, field_error, options, row_button, submit, table, unread},
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
                            unread(error, move || {
                                invitations.refetch();
                                roles.refetch();
                            })
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
                {rows.rows()}
            </fieldset>
            {field_error("team", team_problem)}
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
                    {options(offered(roles), &wanted)}
                </select>
                {field_error("role", role_problem)}
            </div>
            {teams}
            {submit("Send invitation")}
        </form>
    }
    .into_any()
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
    table(
        "Invitations, those that wait first",
        &[Column::Text("Address"), Column::Text("As"), Column::Text("State"), Column::Text("Sent"), Column::Doings],
        rows,
    )
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
                    .shown(|| view! { " " <span class="field__hint">{format!("in {}", teams.join(", "))}</span> })}
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
                    .shown(|| {
                        view! {
                            <form method="post" action=PAGE class="actions">
                                {again.then(|| row_button("resend", id, "Send again", format!("Send the invitation of {email} again")))}
                                {row_button("revoke", id, "Take back", format!("Take back the invitation of {email}"))}
                            </form>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}
