-- Groups elsewhere give teams, too.

alter table providers
    -- Which group gives which team.
    add column teams jsonb not null default '[]';

-- Whether people have put them there. Then no provider takes them out.
alter table team_members add column by_hand boolean not null default true;

-- Who is in a team because a provider says so. There may be several that do.
create table team_members_outside (
    provider_id bigint not null references providers on delete cascade,
    user_id bigint not null,
    team_id bigint not null,
    primary key (provider_id, user_id, team_id),
    foreign key (user_id, team_id) references team_members on delete cascade
);
create index team_members_outside_member on team_members_outside (user_id, team_id);
