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
        select u.rollup, u.events, u.id_ranges
          from rollup_internal.runs u
         where u.status = 'done'
           and u.started_at > now() - interval '1 day'
           and u.rollup = (select r.name from rollup_internal.rollups r
                            where r.source = recent_runs.source and r.filter is null
                            order by r.id limit 1);
end
$$;
comment on function rollup_internal.recent_runs(regclass) is
    'The runs within the last day of one rollup that counts all events of a source.';
