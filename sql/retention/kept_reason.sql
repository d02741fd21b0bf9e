-- Returns nothing for what can be dropped. DROP TABLE would report a foreign key too, but the statement that helps is
-- another than for a view.
create or replace function rollup_internal.kept_reason(
    relation regclass, partition regclass, reads_under_lock boolean, out sqlstate_kept text, out reason text)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    obstacle record;
    max_bytes constant bigint := 16 * 1024 * 1024;
begin
    select t.relid::regclass as name, c.relkind into obstacle
      from pg_partition_tree(partition) t join pg_class c on c.oid = t.relid
     where c.relkind = 'f' limit 1;
    if found then
        sqlstate_kept := '42809';
        reason := format('%s, whose rows are on another server: alter table %s detach partition %s',
                         case when obstacle.name = partition then 'it is a foreign table'
                              else format('its partition %s is a foreign table', obstacle.name) end, relation, partition);
        return;
    end if;
    select c.conname as name, c.conrelid::regclass as referencing into obstacle
      from pg_constraint c
     where c.contype = 'f'
       and c.conparentid = 0
       and c.confrelid in (select a.relid from pg_partition_ancestors(partition) a union select t.relid from pg_partition_tree(partition) t)
     order by 2, 1 limit 1;
    if found then
        sqlstate_kept := '2BP01';
        reason := format('foreign key %I of %s refers to it: alter table %2$s drop constraint %1$I', obstacle.name, obstacle.referencing);
        return;
    end if;
    select t.relid::regclass as name, r.id_column, pg_size_pretty(pg_relation_size(t.relid)) as size into obstacle
      from pg_partition_tree(partition) t
      join rollup_internal.rollups r on r.source = relation
     where reads_under_lock and t.isleaf
       and pg_relation_size(t.relid) > max_bytes
       and not rollup_internal.has_range_index(t.relid, r.id_column)
     limit 1;
    if found then
        sqlstate_kept := '54000';
        reason := format('no index of %s begins with %I, and to read its %s under the lock would stop writers: '
                         'create index concurrently on %1$s using brin (%2$I)', obstacle.name, obstacle.id_column, obstacle.size);
    end if;
end
$$;
comment on function rollup_internal.kept_reason(regclass, regclass, boolean) is
    'Why a partition must not be dropped, and the SQLSTATE of the reason; NULL if nothing is known to prevent it. With '
    'reads_under_lock, a large source partition that has no index on the id is not dropped.';
