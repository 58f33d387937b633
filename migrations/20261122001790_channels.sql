-- Who customers are on channels other than mail, so that what comes in from there finds exactly one of them.

create table channel_identities (
    channel text not null
        check (channel in ('telegram', 'whatsapp', 'messenger', 'instagram', 'x', 'slack', 'discord', 'teams')),
    -- As `domain::channel` keeps it.
    identifier text collate "C" not null,
    user_id bigint not null references users on delete cascade,
    -- What they are called there. Empty: not known.
    name text not null default '',
    primary key (channel, identifier)
);
create index channel_identities_user on channel_identities (user_id);
-- Found by how it begins, whatever the channel.
create index channel_identities_search on channel_identities (lower(identifier));
