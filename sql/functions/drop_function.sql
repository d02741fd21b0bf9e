create or replace function rollup.drop_function(function_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set citus.enable_ddl_propagation = off
as $$
begin
    execute format('drop function if exists %s(bigint)', function_name);
end
$$;
comment on function rollup.drop_function(text) is 'Internal. Removes a rollup''s function.';
