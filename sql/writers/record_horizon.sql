create or replace function rollup_internal.record_horizon(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
    states jsonb;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;
    states := rollup_internal.read_node_states(r.source, r.id_sequence);
    insert into rollup_internal.horizons (source, taken_at, last_ids, writers)
    select r.source, clock_timestamp(),
           (select jsonb_object_agg(s.key, jsonb_build_object('last_id', s.value -> 'last_id'))
              from jsonb_each(states) s),
           coalesce((select array_agg(s.key || ':' || w)
                       from jsonb_each(states) s, jsonb_object_keys(s.value -> 'writers') w), '{}');
    delete from rollup_internal.horizons s
     where s.source = r.source
       and (s.taken_at < now() - interval '1 day'
            or s.taken_at < (select x.taken_at from rollup_internal.horizons x where x.source = r.source
                              order by x.taken_at desc offset 19 limit 1));
end
$$;
comment on function rollup_internal.record_horizon(text) is
    'Records the last ids and the open writers, for later runs.';
