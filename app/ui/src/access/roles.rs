//! Roles: the list of them, and what one of them may.

use super::{Back, last_step, rpc};
use crate::erased::{Rows, Sometimes};
use crate::fetched::resource;
use crate::{
    flash::flash,
    icons::{Ico, Icon},
    me,
    settings::{SettingsPage, loading, page_of},
    shared::{Field, fetched, submit},
};
use domain::{
    Role, RoleId,
    access::{Area, CustomRole, Permission, Permissions, Roles},
    people::Person,
    policy::Action,
};
use leptos::prelude::*;

/// `/settings/roles`.
#[component]
pub fn RolesPage() -> impl IntoView {
    page_of(
        "Roles",
        "What people on staff may do. The built-in roles are fixed; make others for those who need less, or something else.",
        rpc::all_roles,
        |roles| view! { <All roles /> }.into_any(),
    )
}

/// What the built-in roles are for.
fn about(role: Role) -> &'static str {
    match role {
        Role::Superadmin => "Everything, also making other superadmins and editing roles.",
        Role::Manager => "All that an agent may, and the teams, merging and exports. No settings.",
        Role::Agent => "Works on all tickets and looks after customers.",
        Role::Customer => "",
    }
}

#[component]
fn All(roles: Roles) -> impl IntoView {
    let may = me::start().may(Action::ManageRoles);
    let people = |count: i64| if count == 1 { "1 person".to_owned() } else { format!("{count} people") };
    let built_in = roles.built_in.into_iter().map(|(role, count)| {
        view! {
            <tr>
                <th scope="row">{role.name()} " " <span class="badge">"built in"</span></th>
                <td data-label="What it is for">{about(role)}</td>
                <td data-label="Who has it">
                    <a class="link" href=format!("/settings/users?role={}", role.word())>{people(count)}</a>
                </td>
            </tr>
        }
    });
    let custom = roles.custom.into_iter().map(|role| {
        let name = if may {
            view! { <a class="link" href=format!("/settings/roles/{}", role.id)>{role.name}</a> }.into_any()
        } else {
            role.name.into_any()
        };
        let allowed = role.permissions.iter().map(Permission::name).collect::<Vec<_>>().join(", ");
        let allowed = if allowed.is_empty() { "Nothing but to look at their own tickets".to_owned() } else { allowed };
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td data-label="What it is for"><div>{role.description} <p class="field__hint">{allowed}</p></div></td>
                <td data-label="Who has it">
                    <a class="link" href=format!("/settings/users?role={}", role.id)>{people(role.users)}</a>
                </td>
            </tr>
        }
    });
    view! {
        <div class="table-wrap">
            <table class="table table--stack">
                <caption class="sr-only">"Roles"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Role"</th>
                        <th scope="col">"What it is for"</th>
                        <th scope="col">"Who has it"</th>
                    </tr>
                </thead>
                <tbody>{built_in.rows()} {custom.rows()}</tbody>
            </table>
        </div>
        {may
            .shown(|| {
                view! {
                    <div class="actions">
                        <a class="button button--primary" href="/settings/roles/new">
                            <Ico icon=Icon::Plus />
                            "New role"
                        </a>
                    </div>
                }
            })}
    }
    .into_any()
}

/// `/settings/roles/:id`, and `/settings/roles/new`.
#[component]
pub fn RolePage() -> impl IntoView {
    let id = last_step();
    let found = resource(
        move || id.get(),
        |id| async move {
            if id == "new" {
                return Ok(None);
            }
            rpc::one_role(RoleId(id.parse().unwrap_or_default())).await.map(Some)
        },
    );
    view! {
        <SettingsPage title="Role" lead="Whoever has it has these rights at once, on pages, in the API and everywhere else.">
            <Back href="/settings/roles" name="All roles" />
            {fetched(loading, found, |found| view! { <Edit found /> }.into_any())}
        </SettingsPage>
    }
    .into_any()
}

#[component]
fn Edit(found: Option<(CustomRole, Vec<Person>)>) -> impl IntoView {
    let mut flash = flash();
    let page =
        found.as_ref().map_or_else(|| "/settings/roles/new".to_owned(), |(r, _)| format!("/settings/roles/{}", r.id));
    let (was, users, people) = match &found {
        Some((role, people)) => (role.permissions, role.users, people.clone()),
        // A good beginning: what an agent may.
        None => (Permissions::of_role(Role::Agent), 0, Vec::new()),
    };
    let typed = flash.values.iter().any(|(name, _)| name == "was");
    let chosen = if typed {
        Permissions::from_words(flash.values.iter().filter(|(name, _)| name == "may").map(|(_, word)| word))
    } else {
        was
    };
    if !typed && let Some((role, _)) = &found {
        flash.values.push(("name".into(), role.name.clone()));
        flash.values.push(("description".into(), role.description.clone()));
    }
    let known = found.is_some();
    let delete = page.clone();
    view! {
        <form method="post" action=page class="stack" novalidate>
            <input type="hidden" name="was" value=was.words().join(",") />
            <Field flash=flash.clone() name="name" label="Name" required=true maxlength=60 />
            <Field flash name="description" label="What it is for" maxlength=300 />
            {Area::ALL.map(|area| view! { <OfArea area chosen /> }).rows()}
            {submit("Save")}
        </form>
        {known
            .shown(|| {
                view! {
                    <section class="section">
                        <div class="section__head">
                            <h2 class="section__title">"Who has it"</h2>
                        </div>
                        {if users == 0 {
                            view! {
                                <form method="post" action=delete class="actions">
                                    <p class="muted grow">"Nobody."</p>
                                    <button class="button button--danger" type="submit" name="delete" value="yes">
                                        "Delete this role"
                                    </button>
                                </form>
                            }
                                .into_any()
                        } else {
                            view! {
                                <ul class="link-list">
                                    {people
                                        .into_iter()
                                        .map(|p| {
                                            view! {
                                                <li>
                                                    <a class="link" href=format!("/settings/users/{}", p.id)>
                                                        {p.name}
                                                    </a>
                                                </li>
                                            }
                                        })
                                        .rows()}
                                </ul>
                                <p class="field__hint">"It can be deleted once nobody has it."</p>
                            }
                                .into_any()
                        }}
                    </section>
                }
            })}
    }
    .into_any()
}

#[component]
fn OfArea(area: Area, chosen: Permissions) -> impl IntoView {
    let of = Permission::ALL.iter().copied().filter(move |p| p.area() == area);
    // The built-in roles beside it, to compare.
    let mark = |role: Role, permission: Permission| {
        if Permissions::of_role(role).has(permission) {
            view! { <Ico icon=Icon::Check /> <span class="sr-only">"yes"</span> }.into_any()
        } else {
            view! { <span class="faint">"–"</span> }.into_any()
        }
    };
    let rows = of.map(|permission| {
        let (id, hint) = (format!("may-{}", permission.word()), format!("about-{}", permission.word()));
        view! {
            <tr>
                <td>
                    <label class="check" for=id.clone()>
                        <input
                            type="checkbox"
                            id=id.clone()
                            name="may"
                            value=permission.word()
                            checked=chosen.has(permission)
                            autocomplete="off"
                            aria-describedby=hint.clone()
                        />
                        <span>{permission.name()}</span>
                    </label>
                    <p class="field__hint permission__help" id=hint>
                        {permission.help()}
                    </p>
                </td>
                <td class="fit" data-label="Agent">{mark(Role::Agent, permission)}</td>
                <td class="fit" data-label="Manager">{mark(Role::Manager, permission)}</td>
            </tr>
        }
    });
    view! {
        <div class="table-wrap">
            <table class="table">
                <caption class="sr-only">{area.name()}</caption>
                <thead>
                    <tr>
                        <th scope="col">{area.name()}</th>
                        <th scope="col" class="fit">"Agent"</th>
                        <th scope="col" class="fit">"Manager"</th>
                    </tr>
                </thead>
                <tbody>{rows.rows()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
