create or replace function rollup.recent_runs(
    source regclass, out rollup text, out events bigint, out spans jsonb)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        select u.rollup, u.events, u.spans
          from rollup.runs u
         where u.status = 'done'
           and u.started_at > now() - interval '1 day'
           and u.rollup = (select r.name from rollup.rollups r
                            where r.source = recent_runs.source and r.filter is null
                            order by r.id limit 1);
end
$$;
comment on function rollup.recent_runs(regclass) is
    'Internal. The last day''s runs of one rollup that counts all events of a source.';
