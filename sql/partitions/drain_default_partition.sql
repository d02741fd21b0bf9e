-- Meanwhile runs of a rollup whose table it is return busy.
create or replace function rollup_internal.drain_default_partition(relation regclass)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    rollup_name constant text := (select r.name from rollup_internal.rollups r where r.target = relation);
begin
    -- There is usually no partition to create, and then no lock is needed.
    if rollup_internal.partition_column(relation) is not null
       and exists (select from rollup_internal.upcoming_partitions(relation)) then
        if rollup_name is not null then
            perform rollup_internal.wait_for_run_lock(rollup_name);
        end if;
        return rollup_internal.create_partitions(relation);
    end if;
    if rollup_internal.is_partman_managed(relation) then
        perform rollup_internal.run_partman_maintenance(relation);
    end if;
    return 0;
end
$$;
comment on function rollup_internal.drain_default_partition(regclass) is
    'Creates the upcoming partitions of a table and moves rows from the default partition into them; returns how '
    'many rows were moved. Without any, has pg_partman do the rest of its maintenance.';
