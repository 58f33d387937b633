-- How the portal looks to the users of a company: their logo, by its number, and their colour.
alter table companies
    add column logo bigint,
    add column accent text not null default '' check (accent ~ '^(#[0-9a-f]{6})?$');
