-- The partition is locked before its parent: a writer who holds the parent and wants the partition makes the attempt
-- time out, and nobody waits at the parent while the partition is in use. Creating and dropping a partition also locks
-- the default partition. LOCK TABLE does not lock foreign tables.
create or replace function rollup_internal.lock_partition(parent regclass, partition regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform rollup_internal.lock_with_retries(variadic array_agg(l.relation order by l.position))
       from (select partition as relation, 1 as position
             union
             select p.partition, 2 from rollup.partitions(parent) p where p.is_default and p.partition <> partition
             union
             select parent, 3) l
       join pg_class c on c.oid = l.relation and c.relkind in ('r', 'p');
end
$$;
comment on function rollup_internal.lock_partition(regclass, regclass) is
    'Locks a partition, the default partition and their parent as rollup_internal.lock_with_retries does.';
