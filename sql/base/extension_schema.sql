create or replace function rollup_internal.extension_schema(extension name)
    returns name
    language sql
    stable
    parallel safe
    set search_path = pg_catalog, pg_temp
begin atomic
    select n.nspname
      from pg_catalog.pg_extension x
      join pg_catalog.pg_namespace n on n.oid = x.extnamespace
     where x.extname = extension;
end;
comment on function rollup_internal.extension_schema(name) is
    'The schema of an extension, or NULL if the extension is not created.';
