-- Returns the column whose ids identify the rows of a load: bigint, not null, and drawn from a sequence. A table that is
-- loaded need not be the source of a rollup.
create or replace function rollup_internal.loaded_id_column(source_table regclass)
    returns name
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select a.attname
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = source_table
       and a.attnum > 0
       and not a.attisdropped
       and a.atttypid = 'bigint'::regtype
       and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like '%nextval(%')
     order by a.attnum
     limit 1;
$$;
comment on function rollup_internal.loaded_id_column(regclass) is 'The id column of a table, or NULL if it has none.';
