-- Customers and companies brought in from files, and what is known of a person taken out.

create table imports (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('customers', 'companies')),
    -- What its file was called, and where it is kept until the import is over.
    name text not null,
    path text not null,
    size bigint not null,
    -- How it is read: encoding, separator, whether its first line has names, which column is what.
    reading jsonb not null,
    -- 'mapping': somebody says what is in which column. 'trying': it is gone through without changing anything. 'tried': that
    -- is done. Then 'running', and 'done' or 'stopped'; 'failed' when it could not be read.
    state text not null check (state in ('mapping', 'trying', 'tried', 'running', 'done', 'stopped', 'failed')),
    -- Lines of it gone through, of all there are. How far it has come is written with what was done.
    lines_done bigint not null default 0,
    lines_all bigint not null default 0,
    made bigint not null default 0,
    changed bigint not null default 0,
    same bigint not null default 0,
    refused bigint not null default 0,
    problem text,
    -- Somebody wants it to stop.
    stopping boolean not null default false,
    by_id bigint not null references users,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index imports_by on imports (by_id);
-- For the job that clears old ones away.
create index imports_age on imports (created_at);

-- The lines that were not taken, with the reason. Of the last time that the file was gone through.
create table import_refusals (
    import_id bigint not null references imports on delete cascade,
    line bigint not null,
    reason text not null,
    cells text[] not null,
    primary key (import_id, line)
);

create table exports (
    id bigint generated always as identity primary key,
    user_id bigint not null references users,
    by_id bigint not null references users,
    -- NULL: not made yet.
    path text,
    size bigint,
    created_at timestamptz not null,
    ready_at timestamptz,
    -- From then on it is not there any more.
    expires_at timestamptz
);
create index exports_user on exports (user_id, id desc);
create index exports_by on exports (by_id);
create index exports_expiry on exports (expires_at) where expires_at is not null;
