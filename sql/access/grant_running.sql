create or replace function rollup.grant_running(role_name name)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform rollup.grant_role(role_name, 'runner');
end
$$;
comment on function rollup.grant_running(name) is
    'As rollup.grant_role(role_name, ''runner''), which replaces it.';
