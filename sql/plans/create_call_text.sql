-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.create_call_text(r rollup_internal.rollups)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
    set intervalstyle = 'postgres_verbose'
    set quote_all_identifiers = off
as $$
begin
    return format(E'select rollup.create_rollup(\n    %s)', (
        select string_agg(format('%s => %s', a.name, a.said), E',\n    ' order by a.place)
          from (values
               (1, 'name', quote_literal(r.name)),
               (2, 'source', quote_literal(coalesce(r.source_name, r.source::text))),
               (3, 'bucket', quote_literal(ltrim(r.bucket::text, '@ '))),
               (4, 'dimensions', quote_literal(nullif(r.dimensions, '{}')::text)),
               (5, 'measures', quote_literal(r.measures::text)),
               (6, 'target', quote_literal(r.target_name)),
               (7, 'tenant', case when r.tenant is distinct from 'customer_id' then quote_nullable(r.tenant) end),
               (8, 'id_column', quote_literal(nullif(r.id_column, 'event_id'))),
               (9, 'time_column', quote_literal(nullif(r.time_column, 'event_time'))),
               (10, 'bucket_column', quote_literal(nullif(r.bucket_column, 'bucket'))),
               (11, 'filter', quote_literal(r.filter)),
               (12, 'function_name', quote_literal(r.function_name)),
               (13, 'work_mem', quote_literal(nullif(r.work_mem, '128MB'))),
               (14, 'newest_first', r.newest_first::text),
               (15, 'time_zone', quote_literal(r.time_zone)),
               (16, 'keep', quote_literal(ltrim(r.keep::text, '@ '))),
               (17, 'partition_interval', quote_literal(ltrim(r.partition_interval::text, '@ ')))) a (place, name, said)
         where a.said is not null));
end
$$;
comment on function rollup_internal.create_call_text(rollup_internal.rollups) is
    'The call of rollup.create_rollup that declares a rollup, without parameters that have their default.';
reset citus.enable_ddl_propagation;
