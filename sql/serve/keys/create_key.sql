-- The caller makes the key, so that it appears in no log of the server.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.create_key(
    key_id text, sha256 bytea, label text, scopes text[], site text default null)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    wrong text;
begin
    select s into wrong from unnest(scopes) s where s not in ('write', 'read', 'admin') limit 1;
    if wrong is not null or cardinality(scopes) = 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no scope %s', coalesce(wrong, '(none)')),
            hint = 'There are write, read and admin.';
    end if;
    if 'admin' = any (scopes) and site is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a key with the scope admin is for all sites';
    end if;
    insert into rollup_serve.keys (key_id, sha256, label, scopes, tenant, site)
    values (key_id, sha256, label, scopes, rollup.site_id(site), site);
end
$$;
comment on function rollup_serve.create_key(text, bytea, text, text[], text) is
    'Makes a key known by its SHA-256. Scopes are write (send events), read (ask questions) and admin (metrics). With a '
    'site, which is created if needed, the key is for that site only.';
reset citus.enable_ddl_propagation;
