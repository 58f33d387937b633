-- People and groups that a provider announces (SCIM 2.0), before anybody has signed in.

alter table providers
    -- Its last characters, by which people know it again.
    add column scim_ending text,
    add column scim_made_at timestamptz,
    add column scim_used_at timestamptz,
    add column scim_address text;

-- What a provider has said of somebody.
create table scim_people (
    provider_id bigint not null references providers on delete cascade,
    user_id bigint not null references users on delete cascade,
    -- What it calls them, for ever, and what they type there to sign in.
    external_id text check (external_id <> '' and length(external_id) <= 255),
    user_name text not null check (user_name <> ''),
    -- The parts of their name. Here a name is one text.
    names jsonb not null default '{}',
    -- Whether the account here was made for it.
    made boolean not null default false,
    -- Whether it wants them to come in.
    active boolean not null default true,
    -- One of their groups has given them a role, so that groups take it, too.
    ruled boolean not null default false,
    -- The moment at which it has blocked them. If it is that of users.blocked_at, the block is its own, and it may lift it.
    blocked_at timestamptz,
    -- Deleted there. The account stays, blocked.
    gone_at timestamptz,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (provider_id, user_id)
);
create unique index scim_people_external on scim_people (provider_id, external_id) where external_id is not null;
create unique index scim_people_user_name on scim_people (provider_id, lower(user_name)) where gone_at is null;
create index scim_people_user on scim_people (user_id);

create table scim_groups (
    id bigint generated always as identity primary key,
    provider_id bigint not null references providers on delete cascade,
    name text not null check (name <> ''),
    external_id text,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create unique index scim_groups_name on scim_groups (provider_id, lower(name));

create table scim_members (
    group_id bigint not null references scim_groups on delete cascade,
    user_id bigint not null references users on delete cascade,
    primary key (group_id, user_id)
);
create index scim_members_user on scim_members (user_id);

-- Whom a provider sees, and nobody else is there for it: the users of its company whose address is in one of its domains, who
-- were announced or who have connected an account there; of staff those who were announced or connected. Never who may
-- everything, and never who was deleted there, merged or erased.
create view scim_visible as
select p.id as provider_id, u.id as user_id, u.name, u.email, u.role, u.blocked_at as user_blocked_at,
       u.created_at as user_created_at, s.user_id is not null as announced, s.external_id,
       coalesce(s.user_name, u.email) as user_name, coalesce(s.names, '{}') as names, coalesce(s.made, false) as made,
       coalesce(s.ruled, false) as ruled, coalesce(s.active, true) as wanted, s.blocked_at,
       coalesce(s.changed_at, u.created_at) as changed_at
from providers p
    join users u on u.company_id = p.company_id
    left join scim_people s on s.provider_id = p.id and s.user_id = u.id
where p.audience = 'company' and u.role = 'customer' and u.merged_into is null and u.erased_at is null
    and s.gone_at is null
    and (s.user_id is not null
        or exists (select 1 from identities i where i.user_id = u.id and i.provider_id = p.id)
        or exists (select 1 from company_domains d
                   where d.domain = split_part(lower(u.email), '@', 2) and d.company_id = p.company_id))
union all
select p.id, u.id, u.name, u.email, u.role, u.blocked_at, u.created_at, s.user_id is not null, s.external_id,
       coalesce(s.user_name, u.email), coalesce(s.names, '{}'), coalesce(s.made, false), coalesce(s.ruled, false),
       coalesce(s.active, true), s.blocked_at, coalesce(s.changed_at, u.created_at)
from providers p
    join users u on u.role in ('manager', 'agent')
    left join scim_people s on s.provider_id = p.id and s.user_id = u.id
where p.audience = 'staff' and s.gone_at is null
    and (s.user_id is not null
        or exists (select 1 from identities i where i.user_id = u.id and i.provider_id = p.id));
