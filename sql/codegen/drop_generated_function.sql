create or replace function rollup_internal.drop_generated_function(function_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('drop function if exists %s(bigint)', function_name);
end
$$;
comment on function rollup_internal.drop_generated_function(text) is 'Removes a rollup''s function.';
