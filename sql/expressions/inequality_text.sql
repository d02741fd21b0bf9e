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
    'A condition, as a format string, for two values of a type being different; NULL for types whose equality '
    'operator is in pg_catalog.';
