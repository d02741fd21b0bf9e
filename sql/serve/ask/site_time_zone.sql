-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.site_time_zone(tenant bigint)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    zone text;
begin
    execute format('select s.time_zone from %s s where s.customer_id = $1', rollup.find_sites()) into zone using tenant;
    return coalesce(zone, 'UTC');
end
$$;
comment on function rollup_serve.site_time_zone(bigint) is 'The time zone in which the days of a site begin; UTC for a number that is no site.';
reset citus.enable_ddl_propagation;
