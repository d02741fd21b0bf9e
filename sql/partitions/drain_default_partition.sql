-- Rows without a matching partition are in the default partition. PostgreSQL refuses to create a partition while
-- the default one holds rows for it, so a single device with a fast clock would prevent new partitions. Those rows
-- are moved out while the partition is created, and then inserted again. The ids of events do not change, so no
-- rollup counts them twice. All of this is one transaction, so no reader misses them. Meanwhile runs of a rollup
-- whose table it is return busy.
create or replace function rollup_internal.drain_default_partition(relation regclass)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set datestyle = 'ISO, MDY'
as $$
declare
    rollup_name constant text := (select r.name from rollup_internal.rollups r where r.target = relation);
    is_partmans constant boolean := rollup_internal.is_partman_managed(relation);
    time_column constant name := rollup_internal.partition_column(relation);
    default_partition regclass;
    columns text;
    first_missing timestamptz;
    is_ahead text;
    moved bigint := 0;
begin
    -- A rollup usually has no partition to create, and then no lock is needed.
    if not is_partmans and not exists (select from rollup_internal.upcoming_partitions(relation)) then
        return 0;
    end if;
    if rollup_name is not null then
        perform rollup_internal.wait_for_run_lock(rollup_name);
    end if;
    select p.partition into default_partition from rollup.partitions(relation) p where p.is_default;
    select max(p.range_to) into first_missing from rollup.partitions(relation) p;
    is_ahead := format('%I >= %L', time_column, first_missing);
    if default_partition is not null then
        execute format('select count(*) from %s where %s', default_partition, is_ahead) into moved;
    end if;
    if moved > 0 then
        perform rollup_internal.lock_partition(relation, default_partition);
        select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
          from pg_attribute a
         where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
        execute format('create temp table rollup_aside on commit drop as select %s from %s where %s',
                       columns, default_partition, is_ahead);
        execute format('delete from %s where %s', default_partition, is_ahead);
    end if;
    if is_partmans then
        perform rollup_internal.run_partman_maintenance(relation);
    else
        perform rollup_internal.create_partitions(relation);
    end if;
    if moved > 0 then
        execute format('insert into %s (%s) overriding system value select %2$s from pg_temp.rollup_aside', relation, columns);
        drop table pg_temp.rollup_aside;
    end if;
    return moved;
end
$$;
comment on function rollup_internal.drain_default_partition(regclass) is
    'Creates the upcoming partitions of a table and moves rows from the default partition into them; returns how '
    'many rows were moved.';
