-- Who on staff may do what: custom roles and teams. The built-in roles are fixed sets of rights in domain::access.

create table roles (
    id bigint generated always as identity primary key,
    name text not null,
    description text not null default '',
    -- The words of domain::access::Permission. One that a release does not know gives no right.
    permissions text[] not null default '{}'
);
create unique index roles_name on roles (lower(name));

-- Whoever has a custom role is an agent with other permissions.
alter table users add column role_id bigint references roles,
    add constraint users_custom_roles_are_agents check (role_id is null or role = 'agent');
create index users_role on users (role_id) where role_id is not null;

create table teams (
    id bigint generated always as identity primary key,
    name text not null,
    description text not null default ''
);
create unique index teams_name on teams (lower(name));

create table team_members (
    team_id bigint not null references teams on delete cascade,
    user_id bigint not null references users on delete cascade,
    primary key (user_id, team_id)
);
create index team_members_team on team_members (team_id);

-- The team that takes care of a ticket, beside or instead of one person.
alter table tickets add column team_id bigint references teams;
create index tickets_team on tickets (team_id, status_id, updated_at desc, id desc) where team_id is not null;
