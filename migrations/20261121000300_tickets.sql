-- Tickets, the events that are their history and the messages that some of the events brought.

create table tags (
    id bigint generated always as identity primary key,
    name text not null unique check (name = lower(name)),
    colour smallint not null default 0
);

create table tickets (
    -- The number people see. Four digits from the start, so that lists line up.
    id bigint generated always as identity (start with 1001) primary key,
    subject text not null,
    status_id bigint not null references statuses,
    urgency smallint not null check (urgency between 1 and 4),
    importance smallint not null check (importance between 1 and 4),
    -- Derived from the pair; stored, because lists sort by it.
    priority smallint not null check (priority between 1 and 4),
    source text not null,
    requester_id bigint not null references users,
    -- The requester's company when the ticket was made: a person who moves on does not take old tickets along.
    company_id bigint references companies,
    assignee_id bigint references users,
    -- Few and read with every row; a join table would cost each list a second query.
    tag_ids bigint[] not null default '{}',
    -- The beginning of the last public message, and whether the customer wrote it.
    excerpt text not null default '',
    customer_last boolean not null default true,
    last_message_id bigint,
    -- Its place in its column of the board: bytes that sort, see domain::rank.
    rank text collate "C" not null,
    version bigint not null default 1,
    -- To the millisecond, as pages of a list are cut by them and browsers know no less.
    created_at timestamptz(3) not null,
    updated_at timestamptz(3) not null,
    -- When anything last happened that its customer may know of: what they see and sort by in place of updated_at.
    public_at timestamptz(3) not null
) with (fillfactor = 85);
-- Each filter of the list in each of its orders; the id breaks ties of the keyset. A reply writes to every one of them,
-- as it moves updated_at: a list of all states is merged from those of each.
create index tickets_created on tickets (created_at desc, id desc);
create index tickets_status_updated on tickets (status_id, updated_at desc, id desc);
create index tickets_status_priority on tickets (status_id, priority desc, updated_at desc, id desc);
create index tickets_assignee on tickets (assignee_id, status_id, updated_at desc, id desc);
create index tickets_requester on tickets (requester_id, public_at desc, id desc);
create index tickets_company on tickets (company_id, updated_at desc, id desc) where company_id is not null;
create index tickets_company_public on tickets (company_id, public_at desc, id desc) where company_id is not null;
create index tickets_board on tickets (status_id, rank, id);
create index tickets_company_board on tickets (company_id, status_id, rank, id) where company_id is not null;
-- A pair that few tickets have: without this each column is read to its end, in its order, for a handful of cards.
create index tickets_pair_board on tickets (status_id, urgency, importance, rank, id);
-- New entries wait in a list that every search reads: it is kept short, or searching would slow down as tickets come in.
create index tickets_tags on tickets using gin (tag_ids) with (gin_pending_list_limit = 64);

-- Apart from the tickets, whose rows are written anew with every reply: an index on their subjects would be, too.
create table ticket_subjects (
    ticket_id bigint primary key references tickets on delete cascade,
    search tsvector not null
);
create index ticket_subjects_search on ticket_subjects using gin (search) with (gin_pending_list_limit = 128);

-- The spine: append-only, read by everything that follows what happens.
create table events (
    id bigint generated always as identity primary key,
    -- With the id, the order in which events become readable (domain::event::Position).
    xid xid8 not null default pg_current_xact_id(),
    at timestamptz not null,
    -- NULL: Docket itself, or a visitor; `actor_name` says which.
    actor_id bigint references users,
    actor_name text not null,
    actor_staff boolean not null,
    address text,
    ticket_id bigint references tickets,
    -- 0 hidden, 1 staff, 2 whoever may see the ticket.
    audience smallint not null check (audience between 0 and 2),
    kind text not null,
    data jsonb,
    cause_id bigint references events,
    depth smallint not null default 0
);
create index events_position on events (xid, id);
create index events_ticket on events (ticket_id, id, audience) where audience > 0;
create index events_ticket_all on events (ticket_id, xid, id);
create index events_actor on events (actor_id, id desc);
-- After this, staff read their pages again. A node that starts asks for the last one.
create index events_priorities_applied on events (xid, id) where kind = 'settings.priorities_applied';
create index events_cause on events (cause_id) where cause_id is not null;

create table messages (
    event_id bigint primary key references events,
    ticket_id bigint not null references tickets,
    kind text not null check (kind in ('customer', 'reply', 'note')),
    channel text not null,
    -- In plain words: for search.
    body text not null,
    -- What was typed, where that is more than words; `html` is made of it, or of the mail's own HTML, sanitised.
    markdown text,
    html text not null,
    -- Quoted history and signature, folded away; sanitised.
    quoted_html text,
    foreign_html boolean not null default false,
    search tsvector not null generated always as (to_tsvector('english', left(body, 100000))) stored
);
create index messages_ticket on messages (ticket_id, event_id);
create index messages_search on messages using gin (search) with (gin_pending_list_limit = 128);

create table attachments (
    id bigint generated always as identity primary key,
    -- The random part of its address.
    key text not null unique,
    -- Where its bytes are in the file store: by ticket, under the random name.
    path text not null,
    ticket_id bigint references tickets,
    -- NULL: uploaded, not sent yet.
    event_id bigint references events,
    uploader_id bigint references users,
    name text not null,
    content_type text not null,
    size bigint not null,
    -- Shown inside the message's HTML, not below it.
    inline boolean not null default false,
    created_at timestamptz not null,
    deleted_at timestamptz,
    deleted_by text
);
create index attachments_ticket on attachments (ticket_id, id);
create index attachments_event on attachments (event_id) where event_id is not null;
create index attachments_uploader on attachments (uploader_id);
create index attachments_unsent_of on attachments (uploader_id) where event_id is null;
-- Uploads that were never sent, for the job that clears them away.
create index attachments_unsent on attachments (created_at) where event_id is null;

create table ticket_watchers (
    ticket_id bigint not null references tickets on delete cascade,
    user_id bigint not null references users on delete cascade,
    primary key (ticket_id, user_id)
);
create index ticket_watchers_user on ticket_watchers (user_id);

create table drafts (
    user_id bigint not null references users on delete cascade,
    ticket_id bigint not null references tickets on delete cascade,
    writing text not null check (writing in ('reply', 'note')),
    body text not null,
    updated_at timestamptz not null,
    primary key (user_id, ticket_id, writing)
);
create index drafts_ticket on drafts (ticket_id);

-- What people have sent under keys of their browsers and programs: sent again, because no answer came, it is done once.
create table attempts (
    user_id bigint not null references users on delete cascade,
    key text not null,
    -- SHA-256 of what was asked for: a key stands for one thing.
    asked bytea not null,
    -- What came of it. No references: each would cost every message an index more.
    ticket_id bigint,
    event_id bigint,
    created_at timestamptz not null,
    primary key (user_id, key)
);
create index attempts_age on attempts (created_at);
