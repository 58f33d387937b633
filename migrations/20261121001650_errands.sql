-- What is done to very many tickets of one person or company: batch by batch, beside other work.

create table errands (
    id bigint generated always as identity primary key,
    -- 'merge_customers', 'merge_companies': tickets of the one that has gone come to the one that was kept. 'erase': a person
    -- is taken out of all they have taken part in.
    kind text not null check (kind in ('merge_customers', 'merge_companies', 'erase')),
    -- The one that was kept, or who is erased.
    user_id bigint references users,
    company_id bigint references companies,
    gone_user_id bigint references users,
    gone_company_id bigint references companies,
    -- Who is erased: all of their numbers, and, until it is over, their addresses, by which mails and the log are found.
    people bigint[] not null default '{}',
    addresses text[] not null default '{}',
    -- What they wrote goes, too.
    messages boolean not null default false,
    -- Which part of it is being done, and up to which number. Written with what was done.
    part smallint not null default 0,
    reached bigint not null default 0,
    done bigint not null default 0,
    -- As many as there were when it began.
    total bigint not null,
    by_id bigint references users,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    ended_at timestamptz,
    check ((user_id is null) = (kind = 'merge_companies')),
    check ((company_id is null) = (kind <> 'merge_companies')),
    check ((gone_user_id is null) = (kind <> 'merge_customers')),
    check ((gone_company_id is null) = (kind <> 'merge_companies')),
    -- Nothing of somebody who was erased is kept longer than it has to be.
    check (ended_at is null or addresses = '{}')
);
create index errands_user on errands (user_id) where user_id is not null;
create index errands_company on errands (company_id) where company_id is not null;
create index errands_gone_user on errands (gone_user_id) where gone_user_id is not null;
create index errands_gone_company on errands (gone_company_id) where gone_company_id is not null;
create index errands_by on errands (by_id) where by_id is not null;
-- Two at once of the same are refused; this is what stays true whoever asks.
create unique index errands_one_of_user on errands (user_id) where ended_at is null and user_id is not null;
create unique index errands_one_of_company on errands (company_id) where ended_at is null and company_id is not null;

-- Companies whose tickets were on their way so far.
do $$
declare
    waiting record;
    errand bigint;
begin
    for waiting in select id, (data->>'from')::bigint as gone, (data->>'to')::bigint as kept, created_at
                   from jobs where kind = 'move_tickets' loop
        insert into errands (kind, company_id, gone_company_id, total, created_at, updated_at, ended_at)
        values ('merge_companies', waiting.kept, waiting.gone, 0, waiting.created_at, waiting.created_at, waiting.created_at)
        returning id into errand;
        update jobs set kind = 'errand', data = jsonb_build_object('errand', errand, 'again', true) where id = waiting.id;
    end loop;
end
$$;

-- Forgetting somebody is done in batches as well: of which people, known by which addresses, in which events.
drop function events_forget(bigint);
create function events_forget(people bigint[], addresses text[], chosen bigint[]) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    nobody constant jsonb := '"Somebody who was erased"';
    everybody text[] := people::text[];
    done bigint;
begin
    with without as (
        select e.id,
            case when e.data->'who'->>'id' = any(everybody) then jsonb_set(e.data, '{who,name}', nobody)
                 when e.data->'from'->>'id' = any(everybody) and e.data->'to'->>'id' = any(everybody)
                     then jsonb_set(jsonb_set(e.data, '{from,name}', nobody), '{to,name}', nobody)
                 when e.data->'from'->>'id' = any(everybody) then jsonb_set(e.data, '{from,name}', nobody)
                 when e.data->'to'->>'id' = any(everybody) then jsonb_set(e.data, '{to,name}', nobody)
                 -- What people call their devices is often their own name.
                 when e.kind in ('account.passkey_added', 'account.passkey_removed') and e.actor_id = any(people)
                     then jsonb_set(e.data, '{name}', '"erased"')
                 when e.kind = 'account.passkey_renamed' and e.actor_id = any(people)
                     then e.data || '{"from": "erased", "to": "erased"}'
                 -- And staff write here who has called them.
                 when e.kind = 'account.second_factor_taken' and e.data ? 'reason' and e.data->>'customer' = any(everybody)
                     then jsonb_set(e.data, '{reason}', '"erased"')
                 else e.data end as data,
            -- Words that a program reads stay where they were.
            e.data ? 'email' and (e.data->'who'->>'id' = any(everybody) or e.actor_id = any(people)
                or lower(e.data->>'email') = any(addresses)) as has_email
        from events e where e.id = any(chosen)
    )
    update events e set
        actor_name = case when e.actor_id = any(people) then nobody #>> '{}' else e.actor_name end,
        address = case when e.actor_id = any(people) or e.actor_id is null then null else e.address end,
        data = case when w.has_email then jsonb_set(w.data, '{email}', '"erased"') else w.data end
    from without w where e.id = w.id;
    get diagnostics done = row_count;
    return done;
end
$$;

create or replace function events_stay() returns trigger language plpgsql as $$
declare
    context text;
begin
    if tg_op = 'UPDATE' then
        get diagnostics context = pg_context;
        if context ~ '\nPL/pgSQL function (public\.)?events_forget\(bigint\[\],text\[\],bigint\[\]\) line \d+ at SQL statement$'
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
