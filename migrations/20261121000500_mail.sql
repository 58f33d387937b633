-- Mails as they came in. Each is kept raw, taken in once, and threads by its headers.

create table mails (
    id bigint generated always as identity primary key,
    -- SHA-256 of the raw mail: the same mail twice is one mail.
    digest bytea not null unique,
    -- Where the raw mail is kept in the file store.
    raw_key text not null,
    size bigint not null,
    message_id text,
    -- SHA-256 of what it says and carries: the same mail on two ways has other headers, but the same Message-ID and this.
    content_digest bytea,
    from_address text,
    subject text not null default '',
    -- NULL with a reason in `problem`: in quarantine.
    ticket_id bigint references tickets,
    event_id bigint references events,
    problem text,
    -- Set when an admin has put it aside: no longer listed, still known, so that it is not taken in again.
    discarded_at timestamptz,
    -- What of it is believed when it is tried again: from an archive that an admin brought, or from outside.
    origin text not null check (origin in ('archive', 'mailbox')),
    taken_at timestamptz not null default now()
);
create index mails_message_id on mails (message_id) where message_id is not null;
create index mails_ticket on mails (ticket_id) where ticket_id is not null;
create index mails_event on mails (event_id) where event_id is not null;
create index mails_quarantine on mails (id desc) where problem is not null and discarded_at is null;

-- Which ticket a Message-ID belongs to: those of mails taken in and, later, of mails sent.
create table mail_threads (
    message_id text primary key,
    ticket_id bigint not null references tickets on delete cascade
);
create index mail_threads_ticket on mail_threads (ticket_id);
