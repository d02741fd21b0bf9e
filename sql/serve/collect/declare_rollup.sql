-- Each in a transaction of its own: Citus distributes a table only in a transaction that has done nothing in parallel.
--
-- PL/pgSQL, so that the function does not depend on the table of events: Citus would want to distribute it, and what it
-- uses, before it creates another partition.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.declare_rollup(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select rollup.create_rollup(name => w.name, source => 'public.events', bucket => w.bucket, filter => w.filter,
                                        dimensions => w.dimensions, measures => w.measures)
              from rollup_serve.wanted_rollups() w
             where w.name = rollup_name);
end
$$;
comment on function rollup_serve.declare_rollup(text) is 'Declares one of the rollups of rollup_serve.wanted_rollups.';
reset citus.enable_ddl_propagation;
