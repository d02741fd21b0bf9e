-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.revoke_key(key_id text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    update rollup_serve.keys k set revoked_at = coalesce(k.revoked_at, now()) where k.key_id = revoke_key.key_id;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no key %s', key_id),
            hint = 'rollupctl keys lists them.';
    end if;
end
$$;
comment on function rollup_serve.revoke_key(text) is 'Revokes a key for good. Running services notice within seconds.';
reset citus.enable_ddl_propagation;
