create or replace function rollup.version()
    returns text
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
    return '0.2.0';
comment on function rollup.version() is 'Version of the installed rollup package, as major.minor.patch.';
