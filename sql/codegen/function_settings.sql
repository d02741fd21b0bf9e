-- On Citus a run writes to each node through one connection, so that all changes on a node become visible at once.
-- rollup_internal.begin_run sets the number of connections, and the SET clause restores it.
--
-- A setting of an extension is included only if a measure needs it.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.function_settings(r rollup_internal.rollups, of_measures jsonb)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        with settings as (
            select 1 as place, s.position, s.name,
                   case when s.name = 'work_mem' then r.work_mem
                        when s.name like '%.%' then of_measures ->> s.name
                        else s.value end as value
              from rollup_internal.counting_settings() with ordinality s (name, value, only_for, position)
             where coalesce(s.only_for, 'runs') = 'runs'
            union all
            select 2, 1, 'citus.max_adaptive_executor_pool_size', '1'
             where rollup_internal.is_distributed(r.source)
            union all
            select 2, 2, 'citus.force_max_query_parallelization', 'off'
             where rollup_internal.is_distributed(r.source)
        )
        select string_agg(format('set %s = %s', s.name,
                                 case when s.value ~ '^[a-z0-9_]+$' then s.value else quote_literal(s.value) end),
                          E'\n    ' order by s.place, s.position)
          from settings s
         where s.value is not null and rollup_internal.may_set(s.name));
end
$$;
comment on function rollup_internal.function_settings(rollup_internal.rollups, jsonb) is
    'The SET clauses of the function that counts a rollup or its family, with the settings that its measures need.';
reset citus.enable_ddl_propagation;
