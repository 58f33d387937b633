-- The second step of signing in: codes of an app, recovery codes, and who is in between the two steps.

-- Whether signing in asks for a second step. Kept by triggers, so that a session is found together with it.
alter table users add column second_factor boolean not null default false;

-- Apps that make codes (RFC 6238). One of a person at most is confirmed, and one at most is being set up.
create table totp (
    id bigint generated always as identity primary key,
    user_id bigint not null references users on delete cascade,
    -- Sealed.
    secret_sealed bytea not null,
    -- Where it was begun: nowhere else is the secret shown.
    session_id bigint references sessions on delete set null,
    begun_at timestamptz not null,
    -- NULL: no code of it has come yet.
    confirmed_at timestamptz,
    -- The last step of half a minute whose code was taken: no code is taken twice.
    last_step bigint not null default 0
);
create unique index totp_confirmed on totp (user_id) where confirmed_at is not null;
create unique index totp_begun on totp (user_id) where confirmed_at is null;
create index totp_session on totp (session_id) where session_id is not null;

-- Codes for who has lost everything else, each good once. Of 80 random bits, so a plain hash tells nothing.
create table recovery_codes (
    user_id bigint not null references users on delete cascade,
    hash bytea not null,
    primary key (user_id, hash)
);

create function keep_second_factor() returns trigger language plpgsql as $$
declare
    person bigint := coalesce(new.user_id, old.user_id);
    has_one boolean := exists (select from totp where user_id = person and confirmed_at is not null);
begin
    update users set second_factor = has_one where id = person and second_factor <> has_one;
    -- They recover nothing any more.
    if not has_one then
        delete from recovery_codes where user_id = person;
    end if;
    return null;
end $$;
-- At the end of the transaction: who moves to another app has none in between.
create constraint trigger totp_kept after insert or update or delete on totp
    deferrable initially deferred for each row execute function keep_second_factor();

-- Who has proved the first factor, and nothing more. Good for nothing but the second step.
create table sign_ins_begun (
    id bigint generated always as identity primary key,
    -- SHA-256 of the cookie's value.
    token_hash bytea not null,
    user_id bigint not null references users on delete cascade,
    -- It ends with the password it was begun with.
    token_epoch int not null,
    expires_at timestamptz not null
);
create unique index sign_ins_begun_token on sign_ins_begun (token_hash);
create index sign_ins_begun_user on sign_ins_begun (user_id);
create index sign_ins_begun_expiry on sign_ins_begun (expires_at);

-- Whether staff must have a second factor. One row, or none where they need not.
create table second_factor_requirement (
    one boolean primary key default true check (one),
    since timestamptz not null,
    -- How long those may wait who were there before, and who come later.
    grace_days int not null check (grace_days between 0 and 90)
);
