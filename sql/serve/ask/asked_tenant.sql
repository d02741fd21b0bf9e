-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.asked_tenant(question jsonb, out tenant text, out zone text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    site constant text := question ->> 'site_id';
begin
    tenant := question ->> 'tenant';
    if site is not null then
        tenant := rollup.site_id(site, make => false)::text;
        if tenant is null then
            -- The key of one site does not learn which others there are.
            perform rollup_serve.require_tenant('0');
            raise exception using errcode = 'undefined_object', message = format('there is no site %s', site);
        end if;
    end if;
    tenant := rollup_serve.require_tenant(tenant);
    zone := coalesce(rollup_internal.validate_time_zone(nullif(question ->> 'time_zone', 'UTC')),
                     case when not question ? 'time_zone' and tenant ~ '^[0-9]{1,18}$'
                          then rollup_serve.site_time_zone(tenant::bigint) end, 'UTC');
end
$$;
comment on function rollup_serve.asked_tenant(jsonb) is
    'The tenant of a question, by its number or the name of its site, and the time zone in which its days begin.';
reset citus.enable_ddl_propagation;
