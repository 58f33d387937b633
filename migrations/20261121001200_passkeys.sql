-- Passkeys (WebAuthn): a second step of signing in, and a way in without a password.

-- What authenticators know somebody by (WebAuthn, 5.4.3): random, and nothing of a person in it. NULL: never had a passkey.
alter table users add column passkey_handle bytea check (length(passkey_handle) = 16);
create unique index users_passkey_handle on users (passkey_handle) where passkey_handle is not null;

create table passkeys (
    id bigint generated always as identity primary key,
    user_id bigint not null references users on delete cascade,
    name text not null check (length(name) between 1 and 60),
    -- The host that it was made for. Browsers show it nowhere else, and nowhere else is it taken.
    host text not null,
    credential_id bytea not null,
    -- The public key and what else the library keeps of it. Nothing secret.
    credential jsonb not null,
    -- Whether its owner's other devices have it, too, as the authenticator said the last time.
    synced boolean not null,
    added_at timestamptz not null,
    last_used_at timestamptz
);
create unique index passkeys_credential on passkeys (credential_id);
create index passkeys_user on passkeys (user_id);

-- Any of them is a second factor.
create or replace function keep_second_factor() returns trigger language plpgsql as $$
declare
    person bigint := coalesce(new.user_id, old.user_id);
    has_one boolean := exists (select from totp where user_id = person and confirmed_at is not null)
        or exists (select from passkeys where user_id = person);
begin
    update users set second_factor = has_one where id = person and second_factor <> has_one;
    -- They recover nothing any more.
    if not has_one then
        delete from recovery_codes where user_id = person;
    end if;
    return null;
end $$;
create constraint trigger passkeys_kept after insert or delete on passkeys
    deferrable initially deferred for each row execute function keep_second_factor();

-- What an authenticator was asked, until it answers: once, for some minutes, in one browser.
create table passkey_questions (
    id bigint generated always as identity primary key,
    -- SHA-256 of what the page sends back beside the answer.
    token_hash bytea not null,
    -- SHA-256 of what only this browser has: a cookie, or which session it is.
    browser_hash bytea not null,
    purpose text not null check (purpose in ('add', 'second', 'door')),
    -- Whose passkey it is to be. NULL: whoever has one ('door').
    user_id bigint references users on delete cascade,
    -- How a passkey that is being added is to be called.
    name text,
    -- The origin that it was asked on.
    origin text not null,
    -- What the answer is checked against.
    state jsonb not null,
    expires_at timestamptz not null,
    check ((user_id is null) = (purpose = 'door')),
    check ((name is null) = (purpose <> 'add'))
);
create unique index passkey_questions_token on passkey_questions (token_hash);
create index passkey_questions_user on passkey_questions (user_id) where user_id is not null;
create index passkey_questions_expiry on passkey_questions (expires_at);

-- As before, and what passkeys are called and why somebody's second factor was taken away.
create or replace function events_forget(person bigint) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    nobody constant jsonb := '"Somebody who was erased"';
    everybody text[] := (select array_agg(id::text) from users where id = person or merged_into = person);
    ids bigint[] := everybody::bigint[];
    known text[] := (select array_agg(lower(email)) from users where id = any(ids))
        || (select coalesce(array_agg(address), '{}') from user_emails where user_id = any(ids));
    done bigint;
begin
    with theirs as (
        select id from tickets where requester_id = any(ids)
        union select ticket_id from events where actor_id = any(ids) and ticket_id is not null
    ), own as (
        select id from events where actor_id = any(ids)
        union select id from events
            where ticket_id is null and coalesce(data->'who'->>'id', data->>'customer', data->>'user') = any(everybody)
        union select id from events
            where ticket_id is null and lower(data->>'email') = any(known)
                and kind in ('account.sign_in_failed', 'account.registered', 'account.registration_asked',
                             'account.reset_asked', 'account.locked')
        union select e.id from theirs join events e on e.ticket_id = theirs.id
            where e.kind in ('ticket.requester', 'ticket.joined', 'ticket.watch')
    ), without as (
        select e.id,
            case when e.data->'who'->>'id' = any(everybody) then jsonb_set(e.data, '{who,name}', nobody)
                 when e.data->'from'->>'id' = any(everybody) and e.data->'to'->>'id' = any(everybody)
                     then jsonb_set(jsonb_set(e.data, '{from,name}', nobody), '{to,name}', nobody)
                 when e.data->'from'->>'id' = any(everybody) then jsonb_set(e.data, '{from,name}', nobody)
                 when e.data->'to'->>'id' = any(everybody) then jsonb_set(e.data, '{to,name}', nobody)
                 -- What people call their devices is often their own name.
                 when e.kind in ('account.passkey_added', 'account.passkey_removed') and e.actor_id = any(ids)
                     then jsonb_set(e.data, '{name}', '"erased"')
                 when e.kind = 'account.passkey_renamed' and e.actor_id = any(ids)
                     then e.data || '{"from": "erased", "to": "erased"}'
                 -- And staff write here who has called them.
                 when e.kind = 'account.second_factor_taken' and e.data ? 'reason' and e.data->>'customer' = any(everybody)
                     then jsonb_set(e.data, '{reason}', '"erased"')
                 else e.data end as data,
            -- Words that a program reads stay where they were.
            e.data ? 'email' and (e.data->'who'->>'id' = any(everybody) or e.actor_id = any(ids)
                or lower(e.data->>'email') = any(known)) as has_email
        from own join events e on e.id = own.id
    )
    update events e set
        actor_name = case when e.actor_id = any(ids) then nobody #>> '{}' else e.actor_name end,
        address = case when e.actor_id = any(ids) or e.actor_id is null then null else e.address end,
        data = case when w.has_email then jsonb_set(w.data, '{email}', '"erased"') else w.data end
    from without w where e.id = w.id;
    get diagnostics done = row_count;
    return done;
end
$$;
