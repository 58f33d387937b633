-- Tickets brought in from files, and what a trial of an import says of the first lines.

alter table imports drop constraint imports_kind_check;
alter table imports add constraint imports_kind_check check (kind in ('customers', 'companies', 'tickets'));
-- Tickets that are nobody's, as nobody on staff is called like who had them.
alter table imports add column unassigned bigint not null default 0;
-- What would become of the first lines: few, of the last trial.
alter table imports add column samples jsonb not null default '[]';

-- What tickets were called in the system that they come from. Apart from the tickets, whose rows are written anew with every
-- reply. By number first: people look for one without knowing where it is from.
create table outside_tickets (
    number text not null,
    -- The name of that system, in small letters.
    source text not null,
    ticket_id bigint not null unique references tickets on delete cascade,
    primary key (number, source)
);
