//! Users: everybody on staff, and one of them.

use super::{Back, last_step, rpc};
use crate::erased::{Rows, Sometimes, memo};
use crate::fetched::resource;
use crate::{
    flash::flash,
    icons::{Ico, Icon},
    me,
    settings::{SettingsPage, loading},
    shared::{
        Avatar, Column, EmptyState, NameAgain, Question, ReasonOfLoss, When, awaited, fetched, field_error, options,
        table, unread,
    },
};
use domain::picture::path;
use domain::{
    Role, UserId,
    access::{Permissions, RoleChoice, Roles, StaffRow},
    account::Device,
    page::Page,
    policy::{self, Action},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// `/settings/users`.
#[component]
pub fn UsersPage() -> impl IntoView {
    let query = use_query_map();
    let asked = memo(move || {
        let of = |name: &str| query.with(|q| q.get(name)).unwrap_or_default();
        (of("q"), of("role"), of("blocked"), query.with(|q| q.get("after")))
    });
    let people = resource(move || asked.get(), |(q, role, blocked, after)| rpc::find_users(q, role, blocked, after));
    let roles = resource(|| (), |()| rpc::all_roles());
    view! {
        <SettingsPage title="Users" lead="Everybody on staff: what they may do, and whether they may come in.">
            {awaited(
                loading,
                move || async move {
                    match (people.await, roles.await) {
                        (Ok(page), Ok(roles)) => view! { <Users page roles asked=asked.get_untracked() /> }.into_any(),
                        (Err(error), _) | (_, Err(error)) => {
                            unread(
                                error,
                                move || {
                                    people.refetch();
                                    roles.refetch();
                                },
                            )
                        }
                    }
                },
            )}
        </SettingsPage>
    }
    .into_any()
}

type Asked = (String, String, String, Option<String>);

#[component]
fn Users(page: Page<StaffRow>, roles: Roles, asked: Asked) -> impl IntoView {
    let (q, role, blocked, _) = asked;
    let narrowed = !(q.is_empty() && role.is_empty() && blocked.is_empty());
    let roles = choices(&roles).into_iter().map(|(choice, name)| (choice.word(), name));
    let mut next = url_query(&[("q", &q), ("role", &role), ("blocked", &blocked)]);
    let next = page.next.map(|after| {
        next.push_str(&format!("&after={}", domain::attachment::url_name(&after)));
        format!("/settings/users?{next}")
    });
    let empty = page.rows.is_empty();
    view! {
        <form class="actions filter-bar" role="search" action="/settings/users">
            <input
                class="input grow"
                type="search"
                name="q"
                value=q
                maxlength="200"
                aria-label="Name or e-mail address"
                placeholder="Name or e-mail address"
            />
            <select class="select" name="role" aria-label="Role">
                <option value="">"Any role"</option>
                {options(roles, &role)}
            </select>
            <select class="select" name="blocked" aria-label="Blocked or not">
                {options([("", "Blocked or not"), ("no", "Not blocked"), ("yes", "Blocked")], &blocked)}
            </select>
            <button class="button" type="submit">
                "Show"
            </button>
        </form>
        {if empty {
            let text = if narrowed { "Nobody on staff is like this." } else { "Nobody is on staff yet." };
            view! { <EmptyState icon=Icon::Users title="Nobody here" text=text /> }.into_any()
        } else {
            table(
                "Users, by name",
                &["Name", "Role", "Teams", "Last seen"].map(Column::Text),
                page.rows.into_iter().map(|row| view! { <UserRow row /> }),
            )
        }}
        {next
            .map(|next| {
                view! {
                    <div class="actions">
                        <a class="button" href=next>
                            "More"
                        </a>
                    </div>
                }
            })}
    }
    .into_any()
}

/// Parts of an address, without those that are empty.
fn url_query(parts: &[(&str, &str)]) -> String {
    let parts = parts.iter().filter(|(_, value)| !value.is_empty());
    parts.map(|(name, value)| format!("{name}={}", domain::attachment::url_name(value))).collect::<Vec<_>>().join("&")
}

/// Every role with its name.
fn choices(roles: &Roles) -> Vec<(RoleChoice, String)> {
    let built_in = roles.built_in.iter().map(|(role, _)| (RoleChoice::BuiltIn(*role), role.name().to_owned()));
    built_in.chain(roles.custom.iter().map(|r| (RoleChoice::Custom(r.id), r.name.clone()))).collect()
}

#[component]
fn UserRow(row: StaffRow) -> impl IntoView {
    let teams = if row.teams.is_empty() { "–".to_owned() } else { row.teams.join(", ") };
    view! {
        <tr>
            <td>
                <div class="row">
                    <Avatar name=row.name.clone() picture=row.picture.map(|n| path(row.id, n)) />
                    <div>
                        <a class="link" href=format!("/settings/users/{}", row.id)>
                            {row.name}
                        </a>
                        " "
                        {row.blocked.shown(|| view! { <span class="badge" data-kind="red">"Blocked"</span> })}
                        <p class="field__hint">{row.email}</p>
                    </div>
                </div>
            </td>
            <td data-label="Role">{row.role_name}</td>
            <td data-label="Teams">{teams}</td>
            <td data-label="Last seen">
                {match row.last_seen_at {
                    Some(at) => view! { <When at=at in_words=true /> }.into_any(),
                    None => "Not signed in".into_any(),
                }}
            </td>
        </tr>
    }
    .into_any()
}

/// `/settings/users/:id`.
#[component]
pub fn UserPage() -> impl IntoView {
    let id = last_step();
    let found =
        resource(move || id.get(), |id| async move { rpc::one_user(UserId(id.parse().unwrap_or_default())).await });
    view! {
        <SettingsPage title="User" lead="What this person may do, and where they are signed in.">
            <Back href="/settings/users" name="All users" />
            {fetched(loading, found, |(row, devices, roles)| view! { <User row devices roles /> }.into_any())}
        </SettingsPage>
    }
    .into_any()
}

#[component]
fn User(row: StaffRow, devices: Vec<Device>, roles: Roles) -> impl IntoView {
    let me = me::me();
    let own = me.as_ref().is_some_and(|m| m.id == row.id);
    // What this person could hand out themselves, as the operation will see it.
    let may = |choice: RoleChoice| {
        let (role, permissions) = match choice {
            RoleChoice::BuiltIn(role) => (role, Permissions::of_role(role)),
            RoleChoice::Custom(id) => {
                let known = roles.custom.iter().find(|r| r.id == id);
                (Role::Agent, known.map_or(Permissions::NONE, |r| r.permissions))
            }
        };
        me.clone().is_some_and(|me| policy::may_hand_out(&domain::Actor::user(me, None), role, permissions))
    };
    let within = may(row.role);
    let flash = flash();
    // What was chosen last, while it is refused.
    let chosen = RoleChoice::from_word(&flash.value("role")).unwrap_or(row.role);
    let problem = flash.problem("role");
    let not_blocked = flash.problem("blocked");
    let options: Vec<_> = choices(&roles).into_iter().map(|(c, name)| (c.word(), name, c == chosen, may(c))).collect();
    let page = format!("/settings/users/{}", row.id);
    let start = me::start();
    let may_teams = start.may(Action::ManageTeams) && !start.teams.is_empty();
    let log = start.may(Action::SeeSecurityLog).then(|| format!("/settings/log?person={}", row.id));
    let asked = flash.value("ask") == "block";
    view! {
        <section class="section">
            <div class="row">
                <Avatar name=row.name.clone() picture=row.picture.map(|n| path(row.id, n)) />
                <div>
                    <strong class="strong">{row.name.clone()}</strong>
                    " "
                    {row.blocked.shown(|| view! { <span class="badge" data-kind="red">"Blocked"</span> })}
                    <p class="field__hint">
                        {row.email.clone()} {(!row.has_password).then_some(", without a password")}
                    </p>
                </div>
            </div>
            {log.map(|log| view! { <p><a class="link" href=log>"What is in the security log about this person"</a></p> })}
            {(!within)
                .shown(|| {
                    view! {
                        <p class="notice" data-kind="info">
                            <Ico icon=Icon::Lock />
                            "This person has rights that you do not have, so you cannot change anything here."
                        </p>
                    }
                })}
        </section>
        {within
            .shown(|| {
                view! {
                    <section class="section">
                        <div class="section__head">
                            <h2 class="section__title">"Role"</h2>
                        </div>
                        <form method="post" action=page.clone() class="actions filter-bar">
                            <input type="hidden" name="do" value="role" />
                            <select
                                class="select"
                                name="role"
                                aria-label="Role"
                                aria-invalid=problem.is_some().then_some("true")
                                aria-describedby=problem.is_some().then_some("role-error")
                            >
                                {options
                                    .into_iter()
                                    .map(|(word, name, chosen, allowed)| {
                                        view! {
                                            <option value=word selected=chosen disabled=!allowed>
                                                {name}
                                            </option>
                                        }
                                    })
                                    .rows()}
                            </select>
                            <button class="button" type="submit">
                                "Give this role"
                            </button>
                        </form>
                        {field_error("role", problem)}
                    </section>
                    {may_teams
                        .shown(|| {
                            view! {
                                <section class="section">
                                    <div class="section__head">
                                        <h2 class="section__title">"Teams"</h2>
                                    </div>
                                    <form method="post" action=page.clone() class="stack">
                                        <input type="hidden" name="do" value="teams" />
                                        <fieldset class="box">
                                            <legend class="sr-only">"Teams"</legend>
                                            {start
                                                .teams
                                                .iter()
                                                .map(|team| {
                                                    let on = row.teams.contains(&team.name);
                                                    view! {
                                                        <div class="box__row">
                                                            <label class="check">
                                                                <input type="checkbox" name="team" value=team.id.to_string() checked=on autocomplete="off" />
                                                                <span>{team.name.clone()}</span>
                                                            </label>
                                                        </div>
                                                    }
                                                })
                                                .rows()}
                                        </fieldset>
                                        <div class="actions">
                                            <button class="button" type="submit">
                                                "Save teams"
                                            </button>
                                        </div>
                                    </form>
                                </section>
                            }
                        })}
                }
            })}
        <SecondFactor row=row.clone() page=page.clone() may=within && !own />
        <Devices devices page=page.clone() may=within />
        {(within && !own).shown(|| view! { <Blocking page blocked=row.blocked name=row.name asked problem=not_blocked /> })}
    }
    .into_any()
}

/// Whether somebody has a second factor, and taking it away from who has lost it.
#[component]
fn SecondFactor(row: StaffRow, page: String, may: bool) -> impl IntoView {
    let on = row.second_factor;
    let flash = flash();
    let open = ["reason", "name"].iter().any(|field| flash.problem(field).is_some());
    view! {
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Two-step sign-in"</h2>
                <span class="badge" data-kind=if on { "green" } else { "" }>
                    {if on { "On" } else { "Off" }}
                </span>
            </div>
            {(may && on)
                .shown(|| {
                    view! {
                        <details class="more" open=open>
                            <summary class="link">"They have lost it"</summary>
                            <form method="post" action=page class="stack">
                                <p>
                                    "Make sure that it is them who ask: call them. They are signed out everywhere, told by mail, and sign in with their password alone until they set it up again."
                                </p>
                                <input type="hidden" name="do" value="second-factor" />
                                <ReasonOfLoss flash=flash.clone() />
                                <NameAgain flash label="Their name" whose=row.name.clone() />
                                <div class="actions">
                                    <button class="button button--danger" type="submit">
                                        "Remove second factor"
                                    </button>
                                </div>
                            </form>
                        </details>
                    }
                })}
        </section>
    }
    .into_any()
}

#[component]
fn Devices(devices: Vec<Device>, page: String, may: bool) -> impl IntoView {
    let any = !devices.is_empty();
    let action = page.clone();
    let rows = devices.into_iter().map(move |device| {
        let place = device.address.unwrap_or_else(|| "address unknown".into());
        let name = device.agent;
        let action = action.clone();
        view! {
            <div class="box__row">
                <div>
                    {name.clone()} <p class="field__hint">{place} ", last used " <When at=device.last_used_at in_words=true /></p>
                </div>
                {may
                    .shown(|| {
                        view! {
                            <form method="post" action=action>
                                <input type="hidden" name="do" value="sign-out" />
                                <input type="hidden" name="session" value=device.id.to_string() />
                                <button class="button button--sm" type="submit" aria-label=format!("Sign out on {name}")>
                                    "Sign out"
                                </button>
                            </form>
                        }
                    })}
            </div>
        }
    });
    view! {
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Signed in on"</h2>
                {(may && any)
                    .shown(|| {
                        view! {
                            <form method="post" action=page>
                                <input type="hidden" name="do" value="sign-out" />
                                <button class="button button--sm" type="submit">
                                    "Sign out everywhere"
                                </button>
                            </form>
                        }
                    })}
            </div>
            {if any {
                view! { <div class="box">{rows.rows()}</div> }.into_any()
            } else {
                view! { <p class="muted">"Nowhere right now."</p> }.into_any()
            }}
        </section>
    }
    .into_any()
}

#[component]
fn Blocking(page: String, blocked: bool, name: String, asked: bool, problem: Option<String>) -> impl IntoView {
    let back = page.clone();
    view! {
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Access"</h2>
            </div>
            {if blocked {
                view! {
                    <form method="post" action=page class="stack">
                        <p>"This person cannot sign in. What they have written stays."</p>
                        <div class="actions">
                            <button class="button" type="submit" name="do" value="unblock">
                                "Let them in again"
                            </button>
                        </div>
                    </form>
                }
                    .into_any()
            } else if asked {
                Question {
                    action: page,
                    title: format!("Block {name}?"),
                    text: "They are signed out everywhere at once, and cannot sign in until somebody lets them in again.",
                    fields: Vec::new(),
                    yes: ("do", "block", "Block"),
                    no: (back, "Leave it"),
                }
                .ask()
            } else {
                view! {
                    <form method="post" action=page class="actions">
                        <button class="button button--danger" type="submit" name="do" value="block">
                            "Block…"
                        </button>
                    </form>
                }
                    .into_any()
            }}
            {field_error("blocked", problem)}
        </section>
    }
    .into_any()
}
