create or replace function rollup_internal.is_published_by_root(relation regclass)
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select exists (
        select from pg_catalog.pg_publication p
          left join pg_catalog.pg_publication_rel t on t.prpubid = p.oid
          left join pg_catalog.pg_publication_namespace n on n.pnpubid = p.oid
         cross join (select relation as relid union select x.relid from pg_catalog.pg_partition_ancestors(relation) x) a
          join pg_catalog.pg_class c on c.oid = a.relid
         where t.prrelid = a.relid
            or p.pubviaroot and (p.puballtables or n.pnnspid = c.relnamespace));
end;
comment on function rollup_internal.is_published_by_root(regclass) is
    'Whether a publication contains rows of a partition only because they are rows of the partitioned table.';
