-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.measure_settings(r rollup_internal.rollups)
    returns table (name text, value text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select s.key, max(s.value::numeric)::text
          from json_each(r.measures) d
         cross join rollup_internal.measure_columns(r, d.key, d.value) c
         cross join jsonb_each_text(c.settings) s
         group by s.key
         order by s.key;
end
$$;
comment on function rollup_internal.measure_settings(rollup_internal.rollups) is
    'The settings that the aggregates of a declaration''s measures need.';
reset citus.enable_ddl_propagation;
