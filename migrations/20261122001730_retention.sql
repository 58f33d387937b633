-- How long what is kept. No period is set at first: everything is kept for ever.

create table retention (
    one boolean primary key default true check (one),
    -- Months since a closed ticket was last touched: then what it says is erased.
    tickets int check (tickets between 1 and 120),
    -- Months since a customer last did anything: then they are erased.
    customers int check (customers between 1 and 120),
    -- What those customers wrote goes, too.
    messages boolean not null default false,
    -- Up to which number customers have been looked through. Written after what was done to them.
    reached bigint not null default 0,
    -- What was done since it was last said in the log. Written with what was done.
    tickets_done bigint not null default 0,
    customers_done bigint not null default 0
);

-- Since when a ticket is closed, whoever closes it; NULL: it is not. And when what it said was erased: what is said after that
-- is of a later time than this.
alter table tickets add column closed_at timestamptz(3), add column emptied_at timestamptz(3);

create function keep_closed_at() returns trigger language plpgsql as $$
begin
    new.closed_at := case when exists (select from statuses where id = new.status_id and category = 'closed')
        then new.updated_at end;
    return new;
end $$;
create trigger tickets_closed_made before insert on tickets for each row execute function keep_closed_at();
create trigger tickets_closed before update of status_id on tickets
    for each row when (old.status_id is distinct from new.status_id) execute function keep_closed_at();

update tickets set closed_at = updated_at
where status_id in (select id from statuses where category = 'closed');

-- Those whose content is still there, the one untouched for longest first. No ticket that is not closed is in it, and none that
-- is empty: no write on the others costs anything more.
create index tickets_kept on tickets (updated_at, id)
    where closed_at is not null and (emptied_at is null or emptied_at <= updated_at);

-- Takes out of the events of empty tickets what they said, and from which addresses customers did it. Returns how many events
-- it changed.
create function events_empty(chosen bigint[]) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    done bigint;
begin
    update events e set
        address = case when e.actor_staff then e.address end,
        data = case e.kind
            when 'ticket.subject' then '{"from": "Erased", "to": "Erased"}'
            when 'attachment.deleted' then jsonb_set(e.data, '{name}', '"Erased"')
            else e.data end
    from tickets t
    where e.ticket_id = any(chosen) and t.id = e.ticket_id and t.emptied_at is not null
        and (e.kind in ('ticket.subject', 'attachment.deleted') or not e.actor_staff and e.address is not null);
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
        if context ~ '\nPL/pgSQL function (public\.)?(events_forget\(bigint\[\],text\[\],bigint\[\]\)|events_empty\(bigint\[\]\)) line \d+ at SQL statement$'
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
