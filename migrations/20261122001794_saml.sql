-- SAML 2.0: one more kind of provider that vouches for people.

alter table providers
    drop constraint providers_kind_check,
    add constraint providers_kind_check check (kind in ('google', 'facebook', 'oidc', 'ldap', 'saml')),
    -- SAML: where people are sent, whose signatures are believed, and what the provider calls what we need. Nothing of it is
    -- secret. Its issuer is the provider's entity ID; client_id is empty, for nothing has to be given there.
    add column saml jsonb not null default '{}';
