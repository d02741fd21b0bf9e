-- In PL/pgSQL, which keeps the plan for the session: every run calls it.
create or replace function rollup_internal.partition_column(relation regclass)
    returns name
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select a.attname
              from pg_partitioned_table p
              join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
             where p.partrelid = relation
               and p.partnatts = 1
               and p.partstrat = 'r'
               and a.atttypid = 'timestamptz'::regtype);
end
$$;
comment on function rollup_internal.partition_column(regclass) is
    'The timestamptz column by whose ranges a table is partitioned; NULL if the table is not partitioned in this '
    'way.';
