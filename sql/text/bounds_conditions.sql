create or replace function rollup_internal.bounds_conditions(expression text, bounds tstzrange)
    returns text[]
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
begin
    if isempty(bounds) then
        return '{false}';
    end if;
    return array_remove(array[concat(expression, ' >= ') || quote_literal(lower(bounds)),
                              concat(expression, ' < ') || quote_literal(upper(bounds))], null);
end
$$;
comment on function rollup_internal.bounds_conditions(text, tstzrange) is
    'The conditions under which a time lies in a range that includes its start and excludes its end; NULL leaves '
    'a side open.';
