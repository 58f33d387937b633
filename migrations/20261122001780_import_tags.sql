-- How many tags an import has made, which is bounded, and how many of its tickets had to do without some of theirs.
alter table imports add column tags_made bigint not null default 0, add column tags_left bigint not null default 0;
