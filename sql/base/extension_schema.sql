-- In PL/pgSQL, which keeps the plan for the session: every run calls it.
create or replace function rollup_internal.extension_schema(extension name)
    returns name
    language plpgsql
    stable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select n.nspname
              from pg_extension x
              join pg_namespace n on n.oid = x.extnamespace
             where x.extname = extension);
end
$$;
comment on function rollup_internal.extension_schema(name) is
    'The schema of an extension, or NULL if the extension is not created.';
