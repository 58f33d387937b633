-- What a customer has written, newest first. By the time that is said of it: an archive that is taken in later is older.
create index events_written on events (actor_id, at desc, id desc) where kind = 'message.customer';

-- Since when a ticket is solved or closed, NULL: it is not; and how often it has been. Solved once more, it may be rated once more.
-- `rating`: what its requester said last.
alter table tickets
    add column solved_at timestamptz(3),
    add column solution int not null default 0,
    add column rating smallint check (rating between 1 and 5);

create or replace function keep_closed_at() returns trigger language plpgsql as $$
declare
    category text := (select s.category from statuses s where s.id = new.status_id);
begin
    new.closed_at := case when category = 'closed' then new.updated_at end;
    if category not in ('resolved', 'closed') then
        new.solved_at := null;
    elsif new.solved_at is null then
        new.solved_at := new.updated_at;
        new.solution := new.solution + 1;
    end if;
    return new;
end $$;

update tickets set solved_at = coalesce(closed_at, updated_at), solution = 1
where status_id in (select id from statuses where category in ('resolved', 'closed'));

-- What requesters have said of how their tickets were solved: one for each time.
create table ratings (
    ticket_id bigint not null references tickets,
    solution int not null,
    -- Who has said it; it stays theirs when the ticket becomes another's.
    user_id bigint not null references users,
    score smallint not null check (score between 1 and 5),
    -- Which says it, with the comment; where it was changed, the newest.
    event_id bigint not null references events,
    primary key (ticket_id, solution)
);
create index ratings_user on ratings (user_id, event_id desc);
create index ratings_event on ratings (event_id);

-- How many tickets of a customer or a company are rated, and the sum of what was said of each last: no page counts them.
create table rating_sums (
    kind text not null check (kind in ('customer', 'company')),
    of_id bigint not null,
    ratings bigint not null,
    total bigint not null,
    primary key (kind, of_id)
);

create function keep_rating_sums() returns trigger language plpgsql as $$
begin
    -- In one order, so that two who change the same sums wait for each other and not in a circle.
    insert into rating_sums as s (kind, of_id, ratings, total)
    select d.kind, d.id, sum(d.n), sum(d.n * d.score)
    from (values ('company', old.company_id, -1, old.rating), ('company', new.company_id, 1, new.rating),
                 ('customer', old.requester_id, -1, old.rating), ('customer', new.requester_id, 1, new.rating)
         ) as d (kind, id, n, score)
    where d.id is not null and d.score is not null
    group by d.kind, d.id having sum(d.n) <> 0 or sum(d.n * d.score) <> 0
    order by d.kind, d.id
    on conflict (kind, of_id) do update set ratings = s.ratings + excluded.ratings, total = s.total + excluded.total;
    return null;
end $$;
create trigger tickets_rated after update of rating, requester_id, company_id on tickets
    for each row when (old.rating is not null or new.rating is not null) execute function keep_rating_sums();

create table satisfaction (
    one boolean primary key default true check (one),
    -- Requesters are asked in the portal; and by mail, so many hours after their ticket was solved.
    portal boolean not null default true,
    mail boolean not null default false,
    delay_hours int not null default 24 check (delay_hours between 0 and 336)
);

-- Takes what was said beside the number out of these events. Returns how many it changed.
create function events_uncomment(chosen bigint[]) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    done bigint;
begin
    update events e set data = e.data - 'comment'
    where e.id = any(chosen) and e.kind = 'ticket.rated' and e.data ? 'comment';
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
        if context ~ '\nPL/pgSQL function (public\.)?(events_forget\(bigint\[\],text\[\],bigint\[\]\)|events_(empty|uncomment)\(bigint\[\]\)) line \d+ at SQL statement$'
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
