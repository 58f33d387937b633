-- People, companies, sessions. Everything else hangs on these.

create table companies (
    id bigint generated always as identity primary key,
    name text not null,
    -- Whether its users see all of the company's tickets, or only their own.
    sees_all boolean not null default false,
    -- What it has bought, in the desk's own words: 'Gold'.
    tier text not null default '',
    -- For staff only.
    notes text not null default '',
    -- Where its people and tickets are now: it was the same company twice.
    merged_into bigint references companies,
    -- Counts up with every change by staff: a stale form is refused.
    version bigint not null default 1,
    created_at timestamptz not null default now()
);
create unique index companies_name on companies (lower(name)) where merged_into is null;
create index companies_merged on companies (merged_into) where merged_into is not null;
-- Looked up while somebody types, like customers.
create index companies_name_prefix on companies (lower(name) text_pattern_ops) where merged_into is null;
create index companies_name_words on companies
    using gin (array_to_tsvector(array_remove(string_to_array(lower(name), ' '), ''))) with (gin_pending_list_limit = 128)
    where merged_into is null;

-- New users with an address in the domain join the company. A domain belongs to one company at most.
create table company_domains (
    domain text collate "C" primary key check (domain = lower(domain collate "default")),
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
    -- Customers only.
    phones text[] not null default '{}',
    -- For staff only.
    notes text not null default '',
    blocked_at timestamptz,
    -- Who this person is now: the same customer twice. Blocked, without an address; what they said stays said by them.
    merged_into bigint references users,
    -- Nothing is known of them any more. Blocked.
    erased_at timestamptz,
    -- Counts up with every change by staff: a stale form is refused.
    version bigint not null default 1,
    -- Counts changes of the password, and how often they were signed out everywhere. Tokens of the API carry it, and end with it.
    token_epoch int not null default 0,
    -- The profile. NULL: as the browser says.
    language text check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    time_zone text check (length(time_zone) <= 64),
    theme text check (theme in ('light', 'dark')),
    signature text not null default '' check (length(signature) <= 2000),
    created_at timestamptz not null default now(),
    constraint users_staff_have_no_company check (role = 'customer' or company_id is null)
);
create unique index users_email on users (lower(email));
create index users_company on users (company_id, lower(name), id) where company_id is not null;
create index users_staff on users (name, id) where role <> 'customer';
create index users_merged on users (merged_into) where merged_into is not null;
-- Customers as they are listed: by name, all of them or those that are blocked.
create index users_customers on users (lower(name), id)
    where role = 'customer' and merged_into is null and erased_at is null;
create index users_blocked on users (lower(name), id)
    where role = 'customer' and merged_into is null and erased_at is null and blocked_at is not null;
-- They are looked up while somebody types: by how their name or an address begins, in that order, and by how any word of
-- the name does.
create index users_name_prefix on users (lower(name) text_pattern_ops) where role = 'customer';
create index users_name_words on users
    using gin (array_to_tsvector(array_remove(string_to_array(lower(name), ' '), ''))) with (gin_pending_list_limit = 128)
    where role = 'customer';

-- Every address of everybody, the first one of `users.email` included: one index that no two people may share an address.
create table user_emails (
    -- In lower case, as it is compared.
    address text collate "C" primary key check (address = lower(address collate "default")),
    user_id bigint not null references users on delete cascade,
    -- As it was written.
    email text not null
);
create index user_emails_user on user_emails (user_id);
create index user_emails_domain on user_emails (split_part(address, '@', 2));

-- Whoever writes `users.email` need not think of the table. An address that is somebody else's is refused like any that
-- is there already.
create function keep_user_email() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        delete from user_emails where address = lower(old.email) and user_id = old.id;
    end if;
    insert into user_emails as e (address, user_id, email) values (lower(new.email), new.id, new.email)
    on conflict (address) do update set email = excluded.email where e.user_id = excluded.user_id;
    if not found then
        raise exception 'this address is somebody else''s' using errcode = 'unique_violation', constraint = 'users_email';
    end if;
    return null;
end $$;
create trigger users_email_made after insert on users for each row execute function keep_user_email();
create trigger users_email_changed after update of email on users
    for each row when (old.email is distinct from new.email) execute function keep_user_email();

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

-- Failed tries to sign in, per account ("account:…"), per network address ("address:…"), for both together ("here:…"), on a
-- browser that is known ("device:…") or by who is signed in ("proof:…"), tries to sign up
-- ("sign-up-account:…", "sign-up-address:…") and to get a mail with a link ("link-account:…", "link-address:…"), and of whom
-- notice was given that their account is locked ("notice:…"), right with several nodes.
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
