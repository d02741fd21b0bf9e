-- Generated functions run on the coordinator only, so Citus need not propagate them.
create or replace function rollup_internal.create_generated_function(
    statement text, function_name text, description text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    execute statement;
    execute format('comment on function %s(bigint) is %L', function_name, description);
end
$$;
comment on function rollup_internal.create_generated_function(text, text, text) is
    'Creates a generated function and its comment.';
