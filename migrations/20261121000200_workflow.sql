-- The states of a ticket, the ways between them, and which priority a pair of urgency and importance gets.

create table statuses (
    id bigint generated always as identity primary key,
    key text not null unique,
    name text not null,
    -- What customers read.
    customer_name text not null,
    category text not null check (category in ('open', 'in_progress', 'waiting', 'resolved', 'closed')),
    position int not null,
    wip_limit int check (wip_limit > 0),
    -- Refuse a move that would break the limit, or only mark the column.
    wip_refuse boolean not null default false
);

create table status_transitions (
    from_id bigint not null references statuses on delete cascade,
    to_id bigint not null references statuses on delete cascade,
    primary key (from_id, to_id)
);
create index status_transitions_to on status_transitions (to_id);

insert into statuses (key, name, customer_name, category, position) values
    ('open', 'Open', 'Received', 'open', 1),
    ('in_progress', 'In progress', 'We are on it', 'in_progress', 2),
    ('waiting_for_customer', 'Waiting for customer', 'Waiting for you', 'waiting', 3),
    ('resolved', 'Resolved', 'Solved', 'resolved', 4),
    ('closed', 'Closed', 'Closed', 'closed', 5);

insert into status_transitions (from_id, to_id)
select f.id, t.id
from statuses f, statuses t
where (f.key, t.key) in (
    ('open', 'in_progress'), ('open', 'waiting_for_customer'), ('open', 'resolved'), ('open', 'closed'),
    ('in_progress', 'open'), ('in_progress', 'waiting_for_customer'), ('in_progress', 'resolved'), ('in_progress', 'closed'),
    ('waiting_for_customer', 'open'), ('waiting_for_customer', 'in_progress'), ('waiting_for_customer', 'resolved'), ('waiting_for_customer', 'closed'),
    ('resolved', 'open'), ('resolved', 'in_progress'), ('resolved', 'closed'),
    ('closed', 'open')
);

-- 1 = low … 4 = critical; priority 1 = low … 4 = urgent. No row: the rule in domain::priority holds.
create table priority_table (
    urgency smallint not null check (urgency between 1 and 4),
    importance smallint not null check (importance between 1 and 4),
    priority smallint not null check (priority between 1 and 4),
    primary key (urgency, importance)
);
