-- What accounts do by mail: links that prove an address, and invitations of staff.
--
-- The secret of a link is not stored, not even as a hash: it follows from the desk's secret key, the number of the row and
-- its nonce. Who reads the database, or the job that sends the mail, cannot make the link.

create table account_links (
    id bigint generated always as identity primary key,
    purpose text not null check (purpose in ('register', 'reset', 'new_address')),
    -- Whose account. Who registers has none yet.
    user_id bigint references users on delete cascade,
    -- Where the link is sent. Who opens it has proved to read what comes there.
    email text not null,
    -- Of a registration: what becomes the account's once the address is proved.
    name text,
    password_hash text,
    nonce bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint account_links_whole check (
        (purpose = 'register' and name is not null and password_hash is not null and user_id is null)
        or (purpose <> 'register' and name is null and password_hash is null and user_id is not null))
);
create index account_links_registrations on account_links (lower(email), id desc) where purpose = 'register';
create index account_links_user on account_links (user_id) where user_id is not null;
create index account_links_expiry on account_links (expires_at);

create table invitations (
    id bigint generated always as identity primary key,
    email text not null,
    role text not null check (role in ('superadmin', 'manager', 'agent')),
    invited_by bigint not null references users,
    -- Another one with each mail: the links of earlier mails end with it.
    nonce bytea not null,
    created_at timestamptz not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by bigint references users,
    revoked_at timestamptz
);
-- One open invitation an address.
create unique index invitations_open on invitations (lower(email)) where accepted_at is null and revoked_at is null;
create index invitations_invited_by on invitations (invited_by);
create index invitations_accepted_by on invitations (accepted_by) where accepted_by is not null;
