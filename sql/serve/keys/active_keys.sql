-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.active_keys()
    returns table (sha256 text, key_id text, scopes text[], tenant bigint, site text)
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.encode(k.sha256, 'hex'), k.key_id, k.scopes, k.tenant, k.site
      from rollup_serve.keys k
     where k.revoked_at is null;
end;
comment on function rollup_serve.active_keys() is 'The digests of keys that are valid, and what each may do.';
reset citus.enable_ddl_propagation;
