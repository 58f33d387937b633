-- Accounts that an authority wants bound to one that somebody has with it already (external account binding).

-- Which account of theirs ours is bound to, by its number there; empty: to none.
alter table acme_accounts
    add column key_id text not null default '',
    drop constraint acme_accounts_directory_contact_key,
    add unique (directory, contact, key_id);

alter table acme_certificates
    -- Before which the authority does not want to be asked again.
    add column not_before timestamptz,
    -- When somebody had it tried at once.
    add column asked_at timestamptz,
    -- Whether `next_at` is what the authority suggests (renewal information, RFC 9773), and when it is asked for that next.
    add column suggested boolean not null default false,
    add column look_at timestamptz;
