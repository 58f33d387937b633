-- Invitations to a role of one's own and into teams; a picture of a person.

-- The name of a custom role as it was then, and the role for as long as it is there: an invitation outlives it, and says so.
alter table invitations
    add column role_id bigint references roles on delete set null,
    add column role_name text,
    -- Teams that are gone by the time it is accepted are passed over.
    add column team_ids bigint[] not null default '{}',
    add constraint invitations_custom_roles check (role_id is null or (role = 'agent' and role_name is not null));
create index invitations_role on invitations (role_id) where role_id is not null;

-- The number of the picture of them, which is in its address: another one with each picture. NULL: there is none.
alter table users add column avatar bigint check (avatar > 0);
