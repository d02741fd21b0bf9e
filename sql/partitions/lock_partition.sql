-- The parent is locked first, as writers do, so that a session that uses the whole table is told from one that uses
-- the partition only. Creating and dropping a partition also locks the default partition. LOCK TABLE does not lock
-- foreign tables.
create or replace function rollup_internal.lock_partition(parent regclass, partition regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform rollup_internal.lock_with_retries(variadic array_agg(l.relation order by l.position))
       from (select parent as relation, 1 as position
             union
             select t.relid, 2 from rollup.partitions(parent) p, pg_partition_tree(p.partition) t
              where p.is_default and p.partition <> partition
             union
             select t.relid, 3 from pg_partition_tree(partition) t where partition <> parent) l
       join pg_class c on c.oid = l.relation and c.relkind in ('r', 'p');
end
$$;
comment on function rollup_internal.lock_partition(regclass, regclass) is
    'Locks a table, its default partition and one other partition as rollup_internal.lock_with_retries does.';
