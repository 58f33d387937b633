-- Custom fields: how they are defined, and what customers and companies have in them.

create table fields (
    id bigint generated always as identity primary key,
    -- Of what. Tickets can come later.
    subject text not null check (subject in ('customers', 'companies')),
    kind text not null check (kind in
        ('text', 'long_text', 'number', 'date', 'choice', 'choices', 'checkbox', 'url', 'person')),
    name text not null,
    help text not null default '',
    required boolean not null default false,
    -- To customers.
    shown boolean not null default false,
    position integer not null,
    created_at timestamptz not null,
    retired_at timestamptz,
    version bigint not null default 1
);
create unique index fields_name on fields (subject, lower(name));

create table field_choices (
    id bigint generated always as identity primary key,
    field_id bigint not null references fields on delete cascade,
    name text not null,
    position integer not null,
    retired_at timestamptz
);
create index field_choices_field on field_choices (field_id, position);

-- By the number of the field: {"12": {"choice": 7}}. What is empty is left out. Numbers of fields are never given twice, so what
-- is left of a field that was deleted says nothing until it is cleared away.
alter table users add column fields jsonb not null default '{}' check (jsonb_typeof(fields) = 'object');
alter table companies add column fields jsonb not null default '{}' check (jsonb_typeof(fields) = 'object');

-- Who has something in a field, and what: `fields ? '12'`, `fields @> '{"12": {"choice": 7}}'`.
create index users_fields on users using gin (fields) where fields <> '{}';
create index companies_fields on companies using gin (fields) where fields <> '{}';

-- The words of all texts, days and numbers in them, in small letters, for the search. Of a very long word its beginning.
create function words_of_fields(fields jsonb) returns tsvector
    language sql immutable strict parallel safe set search_path = pg_catalog as $$
    select coalesce(array_to_tsvector(array_agg(distinct left(word, 100))), '')
    from jsonb_each(fields) as field (id, value), jsonb_each_text(field.value) as part (kind, text),
        regexp_split_to_table(lower(part.text), '\s+') as word
    where part.kind in ('text', 'number', 'date') and word <> ''
$$;
create index users_field_words on users using gin (words_of_fields(fields)) where role = 'customer' and fields <> '{}';
create index companies_field_words on companies using gin (words_of_fields(fields))
    where merged_into is null and fields <> '{}';

-- What was filled in of somebody goes out of the events with them. As before but for that.
create or replace function events_forget(people bigint[], addresses text[], chosen bigint[]) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    nobody constant jsonb := '"Somebody who was erased"';
    everybody text[] := people::text[];
    done bigint;
begin
    with without as (
        select e.id,
            case when e.data->'who'->>'id' = any(everybody) then jsonb_set(e.data, '{who,name}', nobody)
                 when e.data->'from'->>'id' = any(everybody) and e.data->'to'->>'id' = any(everybody)
                     then jsonb_set(jsonb_set(e.data, '{from,name}', nobody), '{to,name}', nobody)
                 when e.data->'from'->>'id' = any(everybody) then jsonb_set(e.data, '{from,name}', nobody)
                 when e.data->'to'->>'id' = any(everybody) then jsonb_set(e.data, '{to,name}', nobody)
                 -- What people call their devices is often their own name.
                 when e.kind in ('account.passkey_added', 'account.passkey_removed') and e.actor_id = any(people)
                     then jsonb_set(e.data, '{name}', '"erased"')
                 when e.kind = 'account.passkey_renamed' and e.actor_id = any(people)
                     then e.data || '{"from": "erased", "to": "erased"}'
                 -- And staff write here who has called them.
                 when e.kind = 'account.second_factor_taken' and e.data ? 'reason' and e.data->>'customer' = any(everybody)
                     then jsonb_set(e.data, '{reason}', '"erased"')
                 when e.kind = 'customer.fields' and e.data->>'customer' = any(everybody)
                     then jsonb_set(e.data, '{changes}', coalesce((
                         select jsonb_agg(c || '{"from": "erased", "to": "erased"}') from jsonb_array_elements(e.data->'changes') c), '[]'))
                 else e.data end as data,
            -- Words that a program reads stay where they were.
            e.data ? 'email' and (e.data->'who'->>'id' = any(everybody) or e.actor_id = any(people)
                or lower(e.data->>'email') = any(addresses)) as has_email
        from events e where e.id = any(chosen)
    )
    update events e set
        actor_name = case when e.actor_id = any(people) then nobody #>> '{}' else e.actor_name end,
        address = case when e.actor_id = any(people) or e.actor_id is null then null else e.address end,
        data = case when w.has_email then jsonb_set(w.data, '{email}', '"erased"') else w.data end
    from without w where e.id = w.id;
    get diagnostics done = row_count;
    return done;
end
$$;
