-- Events that arrive before their partition is made, or after it is gone, lie in the default
-- partition. PostgreSQL refuses to make a partition while the default one holds events for it, so
-- one device with a fast clock would stop new partitions for everybody. Those events step aside
-- while pg_partman makes the partition, and then go where they belong. Their ids stay, so no
-- rollup counts them again; it is one transaction, so no reader misses them.
create or replace function rollup.drain_default(source regclass)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
as $$
declare
    default_partition regclass;
    time_column name;
    columns text;
    first_missing timestamptz;
    moved bigint := 0;
begin
    select p.partition into default_partition from rollup.partitions(source) p where p.is_default;
    if default_partition is null then
        return 0;
    end if;
    select a.attname into time_column
      from pg_partitioned_table p
      join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
     where p.partrelid = source;
    select max(p.range_to) into first_missing from rollup.partitions(source) p;
    execute format('select count(*) from %s where %I >= %L', default_partition, time_column, first_missing)
       into moved;
    if moved = 0 then
        perform rollup.partman_maintenance(source);
        return 0;
    end if;
    perform rollup.lock_briefly(source);
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
      from pg_attribute a
     where a.attrelid = source and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    execute format('create temp table rollup_aside on commit drop as select %s from %s where %I >= %L',
                   columns, default_partition, time_column, first_missing);
    execute format('delete from %s where %I >= %L', default_partition, time_column, first_missing);
    perform rollup.partman_maintenance(source);
    execute format('insert into %s (%s) overriding system value select %2$s from pg_temp.rollup_aside', source, columns);
    drop table pg_temp.rollup_aside;
    return moved;
end
$$;
comment on function rollup.drain_default(regclass) is
    'Internal. Makes a source''s coming partitions, moving events that wait in the default partition '
    'into them; answers how many were moved aside.';
