-- Events that arrive before their partition is made, or after it is gone, lie in the default
-- partition. PostgreSQL refuses to make a partition while the default one holds events for it, so
-- one device with a fast clock would stop new partitions for everybody. Those events step aside
-- while the partition is made, and then go where they belong. Their ids stay, so no
-- rollup counts them again; it is one transaction, so no reader misses them. The rows of a partitioned
-- rollup move in the same way, while its runs step aside.
create or replace function rollup.drain_default(relation regclass)
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
    select p.partition into default_partition from rollup.partitions(relation) p where p.is_default;
    if default_partition is null or rollup.partition_column(relation) is null then
        return 0;
    end if;
    perform rollup.take_run_lock(r.name) from rollup.rollups r where r.target = relation;
    time_column := rollup.partition_column(relation);
    select max(p.range_to) into first_missing from rollup.partitions(relation) p;
    execute format('select count(*) from %s where %I >= %L', default_partition, time_column, first_missing)
       into moved;
    if moved = 0 then
        perform rollup.make_partitions(relation);
        return 0;
    end if;
    perform rollup.lock_briefly(relation);
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
      from pg_attribute a
     where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    execute format('create temp table rollup_aside on commit drop as select %s from %s where %I >= %L',
                   columns, default_partition, time_column, first_missing);
    execute format('delete from %s where %I >= %L', default_partition, time_column, first_missing);
    perform rollup.make_partitions(relation);
    execute format('insert into %s (%s) overriding system value select %2$s from pg_temp.rollup_aside', relation, columns);
    drop table pg_temp.rollup_aside;
    return moved;
end
$$;
comment on function rollup.drain_default(regclass) is
    'Internal. Makes a table''s coming partitions, moving rows that wait in the default partition '
    'into them; answers how many were moved aside.';
