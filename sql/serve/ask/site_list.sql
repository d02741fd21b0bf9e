-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.site_list(search text default '', max_sites int default 100)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    found_sites json;
begin
    execute format($query$
        select coalesce(json_agg(json_build_object('site_id', s.slug, 'name', s.name, 'time_zone', s.time_zone) order by s.slug), '[]')
          from (select * from %s where starts_with(slug, lower($1 collate "C")) and ($3 is null or customer_id = $3::bigint) order by slug limit $2) s$query$,
                   rollup.find_sites()) into found_sites using search, max_sites, rollup_serve.require_tenant(null);
    return found_sites;
end
$$;
comment on function rollup_serve.site_list(text, int) is 'Sites whose name begins with a text, by name.';
reset citus.enable_ddl_propagation;
