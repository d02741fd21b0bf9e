-- Under a publication for all tables PostgreSQL rejects updates of a table without a replica identity. A key
-- qualifies only if none of its columns may be NULL; otherwise the whole row is used, which adds cost only where
-- changes are published.
create or replace function rollup_internal.set_replica_identity(target regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    relation regclass;
    key_index name;
begin
    for relation in
        select c.oid from pg_class c
         where (c.oid = target or c.oid in (select p.relid from pg_partition_tree(target) p))
           and c.relreplident = 'd'
           and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
    loop
        select c.relname into key_index
          from pg_index i join pg_class c on c.oid = i.indexrelid
         where i.indrelid = relation and i.indisunique and i.indimmediate and i.indisvalid
           and i.indpred is null and i.indexprs is null and c.relkind = 'i'
           and not exists (select from unnest(i.indkey) k (attnum)
                             join pg_attribute a on a.attrelid = relation and a.attnum = k.attnum
                            where not a.attnotnull)
           and not rollup_internal.is_distributed(target)
         limit 1;
        execute format('alter table %s replica identity %s', relation,
                       coalesce('using index ' || quote_ident(key_index), 'full'));
    end loop;
end
$$;
comment on function rollup_internal.set_replica_identity(regclass) is
    'Sets a replica identity for a rollup''s table and its partitions where they have none.';
