-- Enough runs to make out ids that were not fresh, and not so many that doctor takes long.
create or replace function rollup_internal.recent_runs(
    source regclass, out rollup text, out events bigint, out id_ranges jsonb)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        select x.rollup, x.events, x.id_ranges
          from (select u.rollup, u.events, u.id_ranges,
                       coalesce(sum(u.events) over (order by u.id desc rows between unbounded preceding and 1 preceding), 0)
                           as events_since
                  from rollup_internal.runs u
                 where u.status = 'done'
                   and u.started_at > now() - interval '1 day'
                   and u.rollup = (select r.name from rollup_internal.rollups r
                                    where r.source = recent_runs.source and r.filter is null
                                    order by r.id limit 1)) x
         where x.events_since < 100000;
end
$$;
comment on function rollup_internal.recent_runs(regclass) is
    'The latest runs, of about 100,000 events and within the last day, of one rollup that counts all events of a '
    'source.';
