create or replace function rollup_internal.all_of(conditions text[], indent int default 0)
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(nullif(pg_catalog.array_to_string(
               conditions, pg_catalog.concat(E'\n', pg_catalog.repeat(' ', indent), '   and ')), ''), 'true');
end;
comment on function rollup_internal.all_of(text[], int) is
    'Joins conditions with AND; NULLs are left out. Each condition after the first is on its own line, indented.';
