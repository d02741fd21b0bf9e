-- Partitions of partitions go with the partition that contains them: without one of its own, a late event of its range
-- would be an error rather than go to the default partition. A list or hash partition has no range of times, and the
-- default partition of such a table is no time's. A partition that is being detached is no longer read.
--
-- `materialized` and `offset 0`: the kind is asked for once, and the bounds of a partition once, not for each use of them. Each
-- partition is looked up by its number: pg_class may be large.
create or replace function rollup.partitions(
    source regclass,
    out partition regclass, out range_from timestamptz, out range_to timestamptz, out is_default boolean)
    returns setof record
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    set datestyle = iso
begin atomic
    with kind as materialized (select rollup_internal.partition_column(source) is not null as is_time)
    select i.inhrelid::pg_catalog.regclass,
           case when k.is_time then nullif(split_part(split_part(b.bound, $$FROM ('$$, 2), $$'$$, 1), '')::timestamptz end,
           case when k.is_time then nullif(split_part(split_part(b.bound, $$TO ('$$, 2), $$'$$, 1), '')::timestamptz end,
           k.is_time and b.bound = 'DEFAULT'
      from pg_catalog.pg_inherits i
     cross join kind k
     cross join lateral (select pg_catalog.pg_get_expr(c.relpartbound, c.oid) as bound
                           from pg_catalog.pg_class c where c.oid = i.inhrelid and c.relispartition offset 0) b
     where i.inhparent = source and not i.inhdetachpending
     order by 4, 2 nulls first, 1;
end;
comment on function rollup.partitions(regclass) is
    'The partitions of a source, without those below them: name, range of times (from inclusive, to exclusive; NULL '
    'where unbounded, or where the table is not partitioned by one timestamptz column), and whether it is the default '
    'partition of times.';
