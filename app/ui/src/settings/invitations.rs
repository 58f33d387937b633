//! Staff are invited by mail.

use super::{
    frame::{SettingsPage, loading},
    rpc,
};
use crate::json::resource;
use crate::{
    flash::{Done, flash},
    icons::{Ico, Icon},
    me,
    shared::{EmptyState, ErrorNotice, Field, When, awaited},
};
use domain::{
    Actor, Role,
    access::Permissions,
    invitation::{Invitation, State},
    policy,
};
use leptos::prelude::*;

const PAGE: &str = "/settings/invitations";

/// `/settings/invitations`.
#[component]
pub fn InvitationsPage() -> impl IntoView {
    let invitations = resource(|| (), |()| rpc::invitations());
    view! {
        <SettingsPage
            title="Invitations"
            lead="Who is invited gets a mail with a link, chooses a name and a password, and is on staff. A link is good for seven days."
        >
            <Done words=DONE />
            <Invite />
            {awaited(
                loading,
                move || async move {
                    match invitations.await {
                        Ok(list) => view! { <List list /> }.into_any(),
                        Err(error) => {
                            let retry = Callback::new(move |()| invitations.refetch());
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

/// The roles that this person may give.
fn roles() -> Vec<Role> {
    let actor = me::me().map_or_else(|| Actor::visitor(None), |person| Actor::user(person, None));
    let may = |role: &Role| policy::may_hand_out(&actor, *role, Permissions::of_role(*role));
    [Role::Agent, Role::Manager, Role::Superadmin].into_iter().filter(may).collect()
}

#[component]
fn Invite() -> impl IntoView {
    let flash = flash();
    let wanted = flash.value("role");
    let problem = flash.problem("role");
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
                    {roles()
                        .into_iter()
                        .map(|role| {
                            let chosen = wanted == role.word();
                            view! {
                                <option value=role.word() selected=chosen>
                                    {role.name()}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
                {problem
                    .map(|problem| {
                        view! {
                            <p class="field__error">
                                <Ico icon=Icon::Alert />
                                {problem}
                            </p>
                        }
                    })}
            </div>
            <div class="actions">
                <button class="button button--primary" type="submit">
                    "Send invitation"
                </button>
            </div>
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
    let may = roles();
    let rows = list.into_iter().map(|invitation| {
        let may = may.contains(&invitation.role);
        view! { <Row invitation may /> }
    });
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
fn Row(invitation: Invitation, may: bool) -> impl IntoView {
    let Invitation { id, email, role, invited_by, sent_at, state, .. } = invitation;
    let kind = match state {
        State::Open => "accent",
        State::Expired => "amber",
        State::Accepted => "green",
        State::Revoked => "",
    };
    let open = may && matches!(state, State::Open | State::Expired);
    view! {
        <tr>
            <th scope="row">{email.clone()}</th>
            <td data-label="As">{role.name()}</td>
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
                                <button
                                    class="button button--sm"
                                    type="submit"
                                    name="resend"
                                    value=id.to_string()
                                    aria-label=format!("Send the invitation of {email} again")
                                >
                                    "Send again"
                                </button>
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
