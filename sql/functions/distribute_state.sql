-- On a Citus coordinator the watermarks become a reference table, so that live views can be read
-- on every node. A single node that is no cluster yet keeps plain tables; running the
-- installation again after nodes were added makes up for it.
create or replace function rollup.distribute_state()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_coordinator boolean;
begin
    if rollup.extension_schema('citus') is null or rollup.is_distributed('rollup.watermarks') then
        return;
    end if;
    execute 'select citus_is_coordinator() and exists (select from pg_dist_node)' into is_coordinator;
    if is_coordinator then
        perform create_reference_table('rollup.watermarks');
    end if;
end
$$;
comment on function rollup.distribute_state() is 'Internal. Makes the watermarks readable on every Citus node.';
