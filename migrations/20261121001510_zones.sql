-- Time zones that somebody has chosen, and when clocks are set in them.

create table zones (
    -- As the IANA calls it.
    name text primary key check (length(name) <= 64),
    -- Pairs: from which minute since 1970 on clocks are how many minutes ahead of UTC, the earliest first.
    shifts bigint[] not null
);

-- What this server of ours knows of a zone: how far it was ahead in 2010, and each change until 2045. No clock is set but on a
-- quarter of an hour.
create function zone_shifts(zone text) returns bigint[] language sql stable as $$
    with days as (
        select t, extract(epoch from (t at time zone zone) - (t at time zone 'UTC'))::bigint / 60 as ahead
        from generate_series(timestamptz '2010-01-01 00:00Z', timestamptz '2045-01-01 00:00Z', interval '24 hours') t
    ), changed as (
        select t from (select t, ahead, lag(ahead) over (order by t) as was from days) d where ahead <> was
    ), quarters as (
        select distinct q.t, extract(epoch from (q.t at time zone zone) - (q.t at time zone 'UTC'))::bigint / 60 as ahead
        from changed c
        cross join lateral generate_series(c.t - interval '24 hours', c.t, interval '15 minutes') q (t)
    ), shifts as (
        (select t, ahead from days order by t limit 1)
        union all
        select t, ahead from (select t, ahead, lag(ahead) over (order by t) as was from quarters) q where ahead <> was
    )
    select array_agg(n order by t, place)
    from shifts cross join lateral (values (1, extract(epoch from t)::bigint / 60), (2, ahead)) v (place, n)
$$;

-- Those of earlier releases.
insert into zones (name, shifts)
select distinct u.time_zone, zone_shifts(u.time_zone)
from users u join pg_timezone_names z on z.name = u.time_zone;
