create or replace function rollup_internal.partition_column(relation regclass)
    returns name
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select a.attname
      from pg_catalog.pg_partitioned_table p
      join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
     where p.partrelid = relation
       and p.partnatts = 1
       and p.partstrat = 'r'
       and a.atttypid = 'pg_catalog.timestamptz'::pg_catalog.regtype;
end;
comment on function rollup_internal.partition_column(regclass) is
    'The timestamptz column by whose ranges a table is partitioned; NULL if the table is not partitioned in this '
    'way.';
