-- What follows the events, and work that can fail or wait.

-- How far each reactor has read.
create table reactors (
    name text primary key,
    xid xid8 not null,
    id bigint not null,
    updated_at timestamptz not null default now()
);

-- Numbers of tickets by state, assignee and team (0 = none), kept by the reactor `counts`: no screen counts tickets itself.
create table ticket_counts (
    status_id bigint not null,
    assignee_id bigint not null default 0,
    team_id bigint not null default 0,
    tickets bigint not null,
    primary key (status_id, assignee_id, team_id)
);

-- What `counts` last knew of each ticket, so that handling an event twice changes nothing.
create table ticket_counts_seen (
    ticket_id bigint primary key,
    status_id bigint not null,
    assignee_id bigint not null,
    team_id bigint not null
);

create table jobs (
    id bigint generated always as identity primary key,
    kind text not null,
    data jsonb not null,
    -- Higher first.
    priority smallint not null default 0,
    run_at timestamptz not null,
    attempts int not null default 0,
    max_attempts int not null default 10,
    -- At most one waiting job has it.
    dedupe_key text,
    -- Until when the worker that took it may be expected to be at it; past this, another one takes it.
    taken_until timestamptz,
    last_error text,
    -- Set when it has failed for good: the dead letters that admins see.
    failed_at timestamptz,
    created_at timestamptz not null default now()
);
create index jobs_due on jobs (priority desc, run_at, id) where failed_at is null;
create unique index jobs_dedupe on jobs (dedupe_key) where dedupe_key is not null and failed_at is null;
-- The mails that are being tried again.
create index jobs_mails on jobs (((data->>'mail')::bigint)) where kind = 'try_mail' and failed_at is null;
create index jobs_failed on jobs (failed_at desc) where failed_at is not null;
