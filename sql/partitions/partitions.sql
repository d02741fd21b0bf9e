create or replace function rollup.partitions(
    source regclass,
    out partition regclass, out range_from timestamptz, out range_to timestamptz, out is_default boolean)
    returns setof record
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    set datestyle = iso
begin atomic
    select t.relid,
           (pg_catalog.regexp_match(b.bound, $$FROM \('([^']+)'\)$$))[1]::timestamptz,
           (pg_catalog.regexp_match(b.bound, $$TO \('([^']+)'\)$$))[1]::timestamptz,
           b.bound = 'DEFAULT'
      from pg_catalog.pg_partition_tree(source) t
      join pg_catalog.pg_class c on c.oid = t.relid
      cross join lateral pg_catalog.pg_get_expr(c.relpartbound, c.oid) b (bound)
     where t.isleaf and t.parentrelid is not null
     order by 2 nulls last, 1;
end;
comment on function rollup.partitions(regclass) is
    'The partitions of a source: name, range of times (from inclusive, to exclusive; NULL where unbounded), and '
    'whether it is the default partition.';
