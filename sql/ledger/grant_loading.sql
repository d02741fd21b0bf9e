-- The privilege to insert into the tables that are loaded is granted separately.
create or replace function rollup.grant_loading(role_name name)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
begin
    execute format('grant select, insert, update on rollup.loads, rollup.load_parts to %I', role_name);
end
$$;
comment on function rollup.grant_loading(name) is
    'Lets a role maintain the ledger of loads. It also needs insert on the table, and usage on the sequence of its ids.';
