-- Signing in with an account that somebody has elsewhere: who vouches for whom, and whose accounts there are known.

create table providers (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('google', 'facebook', 'oidc', 'ldap')),
    -- As it stands on the button.
    name text not null check (name <> ''),
    -- Whom it vouches for: anybody who comes, the users of one company, or people on staff.
    audience text not null check (audience in ('everybody', 'company', 'staff')),
    company_id bigint references companies on delete cascade,
    -- For staff: only addresses in these domains are theirs.
    domains text[] not null default '{}',
    -- OIDC: the issuer, exactly as it writes itself. LDAP: ldaps://host:port.
    issuer text not null,
    -- OIDC: our number there. LDAP: as whom people are looked up.
    client_id text not null,
    -- OIDC: the client's secret. LDAP: the password that goes with it.
    secret_sealed bytea,
    -- Whether somebody who comes for the first time gets an account.
    creates boolean not null default false,
    -- For staff: which claim (attribute) names roles, and which of its values gives which role.
    role_claim text not null default '',
    roles jsonb not null default '[]',
    -- Whether it counts as a second factor that somebody has proved there.
    trusts_mfa boolean not null default false,
    -- LDAP: where and how people are looked up.
    directory jsonb,
    enabled boolean not null default false,
    -- SHA-256 of the token that it provisions people with (SCIM).
    scim_hash bytea,
    -- Counts up with every change: a stale form is refused, and nothing is remembered of an earlier one.
    version bigint not null default 1,
    created_at timestamptz not null,
    constraint providers_of_a_company check ((audience = 'company') = (company_id is not null))
);
create unique index providers_name on providers (lower(name));
-- Which company's people are led where, by their address.
create unique index providers_company on providers (company_id) where company_id is not null;
create unique index providers_scim on providers (scim_hash) where scim_hash is not null;

-- Somebody's account elsewhere.
create table identities (
    id bigint generated always as identity primary key,
    provider_id bigint not null references providers on delete cascade,
    -- What it calls them, for ever. Never an address: those are given to others.
    subject text not null check (subject <> '' and length(subject) <= 255),
    user_id bigint not null references users on delete cascade,
    -- Their address there, when they came last: to be shown.
    email text not null default '',
    -- Whether the account here was made for it: then its provider says which role it has, and may block it.
    made boolean not null default false,
    linked_at timestamptz not null,
    last_used_at timestamptz
);
create unique index identities_subject on identities (provider_id, subject);
create index identities_user on identities (user_id);

-- Who has been sent to a provider, and is awaited back, once. What the browser has to bring along is kept as hashes only.
create table outside_visits (
    state_hash bytea primary key,
    browser_hash bytea not null,
    provider_id bigint not null references providers on delete cascade,
    -- Who wants to connect their account with one there. NULL: somebody signs in.
    user_id bigint references users on delete cascade,
    -- What the provider has to repeat in its token, and what proves to it that the code comes back from us (PKCE).
    nonce text not null,
    verifier text not null,
    -- Where to go afterwards, on this server.
    next text not null,
    expires_at timestamptz not null
);
create index outside_visits_expiry on outside_visits (expires_at);
