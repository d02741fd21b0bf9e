-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.catalog()
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set intervalstyle = postgres
as $$
begin
    return (
        select coalesce(json_agg(json_build_object(
                   'name', r.name,
                   'family', (select m from rollup.family_members(r.name) m limit 1),
                   'bucket', r.bucket::text,
                   'time_zone', r.time_zone,
                   'tenant', r.tenant,
                   'source', r.source::text,
                   'comment', obj_description(r.target, 'pg_class'),
                   'dimensions', (select coalesce(json_agg(json_build_object('name', f.name, 'type', f.type) order by f.place), '[]')
                                    from rollup_serve.fields_of(r) f where f.role = 'dimension'),
                   'measures', (select coalesce(json_agg(json_build_object('name', f.name, 'type', f.type, 'measure', f.measure)
                                                         order by f.place), '[]')
                                  from rollup_serve.fields_of(r) f where f.role = 'measure'),
                   'counted_until', (select min(w.as_of) from rollup_internal.watermarks w where w.rollup = r.name)
               ) order by r.id), '[]')
          from rollup_internal.rollups r);
end
$$;
comment on function rollup_serve.catalog() is
    'All rollups with their dimensions and measures. Rollups of one family have the name of its finest member as family.';
reset citus.enable_ddl_propagation;
