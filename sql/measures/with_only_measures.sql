-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.with_only_measures(r rollup_internal.rollups, names text[])
    returns rollup_internal.rollups
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    select coalesce(json_object_agg(m.key, m.value order by m.position), '{}') into r.measures
      from json_each(r.measures) with ordinality m (key, value, position)
     where m.key = any (names);
    return r;
end
$$;
comment on function rollup_internal.with_only_measures(rollup_internal.rollups, text[]) is
    'A declaration reduced to some of its measures.';
reset citus.enable_ddl_propagation;
