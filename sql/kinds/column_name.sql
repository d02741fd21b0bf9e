-- Most texts of a kind are format strings, so a percent sign in a name must be doubled.
create or replace function rollup_internal.column_name(m rollup_internal.measure, suffix text default '')
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return replace(quote_ident(m.name || suffix), '%', '%%');
end
$$;
comment on function rollup_internal.column_name(rollup_internal.measure, text) is
    'A column of a measure, quoted for use in a format string.';
