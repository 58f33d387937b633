-- People, companies, sessions. Everything else hangs on these.

create table companies (
    id bigint generated always as identity primary key,
    name text not null,
    -- Whether its users see all of the company's tickets, or only their own.
    sees_all boolean not null default false,
    created_at timestamptz not null default now()
);
create unique index companies_name on companies (lower(name));

-- New users with an address in the domain join the company. A domain belongs to one company at most.
create table company_domains (
    domain text primary key check (domain = lower(domain)),
    company_id bigint not null references companies on delete cascade
);
create index company_domains_company on company_domains (company_id);

create table users (
    id bigint generated always as identity primary key,
    name text not null,
    -- As the person writes it; compared in lower case.
    email text not null,
    -- Argon2id. NULL: a person we only know by mail, who cannot sign in.
    password_hash text,
    role text not null check (role in ('superadmin', 'manager', 'agent', 'customer')),
    -- Customers only: with a company they are a company user, without one an individual.
    company_id bigint references companies,
    blocked_at timestamptz,
    created_at timestamptz not null default now(),
    constraint users_staff_have_no_company check (role = 'customer' or company_id is null)
);
create unique index users_email on users (lower(email));
create index users_company on users (company_id) where company_id is not null;
create index users_staff on users (name, id) where role <> 'customer';
-- Customers are looked up while somebody types: by how their name or address begins, in that order, and by how any word
-- of the name does.
create index users_name_prefix on users (lower(name) text_pattern_ops) where role = 'customer' and blocked_at is null;
create index users_email_prefix on users (lower(email) text_pattern_ops) where role = 'customer' and blocked_at is null;
create index users_name_words on users
    using gin (array_to_tsvector(array_remove(string_to_array(lower(name), ' '), ''))) with (gin_pending_list_limit = 128)
    where role = 'customer' and blocked_at is null;

create table sessions (
    id bigint generated always as identity primary key,
    user_id bigint not null references users on delete cascade,
    -- SHA-256 of the cookie's value: who reads the table cannot use it to sign in.
    token_hash bytea not null,
    address text,
    agent text not null default '',
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    -- The end, however busy; idle sessions end earlier.
    expires_at timestamptz not null
);
create unique index sessions_token on sessions (token_hash);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

-- Failed tries to sign in, per account ("account:…") and per network address ("address:…"), and tries to sign up
-- ("sign-up-account:…", "sign-up-address:…"), right with several nodes.
create table sign_in_throttle (
    key text primary key,
    failures int not null,
    last_failure_at timestamptz not null,
    blocked_until timestamptz
);
create index sign_in_throttle_age on sign_in_throttle (last_failure_at);

-- Which secret key the servers on this database use: a part of a hash, which tells nothing of it. One row at most.
create table secret_key (
    one boolean primary key default true check (one),
    fingerprint bytea not null
);
