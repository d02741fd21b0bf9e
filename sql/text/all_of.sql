create or replace function rollup_internal.all_of(conditions text[], indent int default 0)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(nullif(array_to_string(conditions, concat(E'\n', repeat(' ', indent), '   and ')), ''), 'true');
end
$$;
comment on function rollup_internal.all_of(text[], int) is
    'Joins conditions with AND; NULLs are left out. Each condition after the first is on its own line, indented.';
