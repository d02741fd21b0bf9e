-- A service sets rollup_serve.tenant in each transaction that it performs for the key of one site. Every query of rows
-- is written by rollup_serve.query_text, which calls this function, so another site stays closed whatever was asked.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.require_tenant(tenant text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    allowed constant text := nullif(current_setting('rollup_serve.tenant', true), '');
begin
    if allowed is not null and tenant is not null and tenant <> allowed then
        raise exception using
            errcode = 'insufficient_privilege',
            message = 'the key is for another site';
    end if;
    return coalesce(tenant, allowed);
end
$$;
comment on function rollup_serve.require_tenant(text) is
    'The tenant of a question: the one that is asked for, or that of the setting rollup_serve.tenant. Raises '
    'insufficient_privilege if both are given and differ.';
reset citus.enable_ddl_propagation;
