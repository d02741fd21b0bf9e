create or replace function rollup_internal.inequality_text(held_type text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    equals constant text := rollup_internal.equality_operator(held_type);
begin
    return case when equals <> '=' then
        format('coalesce(not (%%1$s %s %%2$s), (%%1$s is null) <> (%%2$s is null))', equals) end;
end
$$;
comment on function rollup_internal.inequality_text(text) is
    'Whether two values of a type differ, as a format string, where its equality is not that of pg_catalog; else NULL.';
