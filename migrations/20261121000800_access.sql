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

-- The security log: what happened on no ticket, by time, by what it is, by whom and to whom.
create index events_log on events (at desc, id desc) where ticket_id is null;
create index events_log_kind on events (kind, at desc, id desc) where ticket_id is null;
create index events_log_actor on events (actor_id, at desc, id desc) where ticket_id is null;
create index events_log_whom on events
    ((coalesce(data->'who'->>'id', data->>'customer', data->>'user')), at desc, id desc)
    where ticket_id is null and coalesce(data->'who'->>'id', data->>'customer', data->>'user') is not null;
create index events_log_email on events (lower(data->>'email'), at desc, id desc)
    where ticket_id is null and kind = 'account.sign_in_failed';

-- What has happened stays as it was: nobody changes or removes an event, whatever role they connect as. The one exception
-- takes a person's name, addresses and words out, and only by its function; what was done, when and by which number stays.
create function events_stay() returns trigger language plpgsql as $$
declare
    context text;
begin
    if tg_op = 'UPDATE' then
        get diagnostics context = pg_context;
        if context ~ '\nPL/pgSQL function (public\.)?events_forget\(bigint\) line \d+ at SQL statement$'
            and (new.id, new.xid, new.at, new.actor_id, new.actor_staff, new.ticket_id, new.audience, new.kind,
                 new.cause_id, new.depth)
                is not distinct from
                (old.id, old.xid, old.at, old.actor_id, old.actor_staff, old.ticket_id, old.audience, old.kind,
                 old.cause_id, old.depth)
        then
            return new;
        end if;
    end if;
    raise exception 'events are only ever added' using errcode = 'insufficient_privilege';
end
$$;
create trigger events_stay before update or delete on events for each row execute function events_stay();
create trigger events_stay_all before truncate on events for each statement execute function events_stay();
-- Also where a session says that it only copies.
alter table events enable always trigger events_stay;
alter table events enable always trigger events_stay_all;

-- Takes a person out of what has happened, and those who were merged into them: their name and network addresses, and their
-- name and e-mail addresses where others did something to them. Returns how many events it changed.
create function events_forget(person bigint) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    nobody constant jsonb := '"Somebody who was erased"';
    everybody text[] := (select array_agg(id::text) from users where id = person or merged_into = person);
    ids bigint[] := everybody::bigint[];
    known text[] := (select array_agg(lower(email)) from users where id = any(ids))
        || (select coalesce(array_agg(address), '{}') from user_emails where user_id = any(ids));
    done bigint;
begin
    with theirs as (
        select id from tickets where requester_id = any(ids)
        union select ticket_id from events where actor_id = any(ids) and ticket_id is not null
    ), own as (
        select id from events where actor_id = any(ids)
        union select id from events
            where ticket_id is null and coalesce(data->'who'->>'id', data->>'customer', data->>'user') = any(everybody)
        union select id from events
            where ticket_id is null and lower(data->>'email') = any(known)
                and kind in ('account.sign_in_failed', 'account.registered', 'account.registration_asked',
                             'account.reset_asked', 'account.locked')
        union select e.id from theirs join events e on e.ticket_id = theirs.id
            where e.kind in ('ticket.requester', 'ticket.joined', 'ticket.watch')
    ), without as (
        select e.id,
            case when e.data->'who'->>'id' = any(everybody) then jsonb_set(e.data, '{who,name}', nobody)
                 when e.data->'from'->>'id' = any(everybody) and e.data->'to'->>'id' = any(everybody)
                     then jsonb_set(jsonb_set(e.data, '{from,name}', nobody), '{to,name}', nobody)
                 when e.data->'from'->>'id' = any(everybody) then jsonb_set(e.data, '{from,name}', nobody)
                 when e.data->'to'->>'id' = any(everybody) then jsonb_set(e.data, '{to,name}', nobody)
                 else e.data end as data,
            -- Words that a program reads stay where they were.
            e.data ? 'email' and (e.data->'who'->>'id' = any(everybody) or e.actor_id = any(ids)
                or lower(e.data->>'email') = any(known)) as has_email
        from own join events e on e.id = own.id
    )
    update events e set
        actor_name = case when e.actor_id = any(ids) then nobody #>> '{}' else e.actor_name end,
        address = case when e.actor_id = any(ids) or e.actor_id is null then null else e.address end,
        data = case when w.has_email then jsonb_set(w.data, '{email}', '"erased"') else w.data end
    from without w where e.id = w.id;
    get diagnostics done = row_count;
    return done;
end
$$;
