-- PostgreSQL rejects deletes from a table without a replica identity if a publication contains them.
--
-- Tables are looked up one by one: PostgreSQL expects a thousand of them and would read all of pg_class.
create or replace function rollup_internal.unidentified_default_partition(source regclass)
    returns regclass
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select d.relid
      from pg_catalog.pg_partitioned_table p
     cross join lateral pg_catalog.pg_partition_tree(nullif(p.partdefid, 0)) d
     cross join lateral (select x.oid, x.relreplident from pg_catalog.pg_class x where x.oid = d.relid offset 0) c
     where p.partrelid = source and rollup_internal.partition_column(source) is not null and d.isleaf
       and (c.relreplident = 'n'
            or c.relreplident = 'd'
               and not exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary))
       and exists (
           select from pg_catalog.pg_publication p
             left join pg_catalog.pg_publication_rel t on t.prpubid = p.oid
             left join pg_catalog.pg_publication_namespace n on n.pnpubid = p.oid
             left join pg_catalog.pg_partition_ancestors(d.relid) a on true
            where p.pubdelete
              and (p.puballtables or t.prrelid = a.relid or n.pnnspid = (select x.relnamespace from pg_catalog.pg_class x where x.oid = a.relid)))
     order by d.relid
     limit 1;
end;
comment on function rollup_internal.unidentified_default_partition(regclass) is
    'The default partition of a source if its deletes are published and it has no replica identity.';
