create or replace function rollup_internal.has_range_index(relation regclass, column_name name)
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select exists (
        select from pg_catalog.pg_index i
          join pg_catalog.pg_class c on c.oid = i.indexrelid
          join pg_catalog.pg_am m on m.oid = c.relam
          join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
         where i.indrelid = relation
           and i.indisvalid
           and i.indpred is null
           and m.amname in ('btree', 'brin')
           and a.attname = column_name);
end;
comment on function rollup_internal.has_range_index(regclass, name) is
    'Whether a table has an index by which rows with a range of values of a column are found.';
