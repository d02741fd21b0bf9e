-- The coarsest buckets inside the day and finer ones at its edges, with the events that are not counted yet.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.stats(site text, day date default null, paths int default 10)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    tenant constant bigint := rollup.site_id(site, make => false);
    zone constant text := rollup_serve.site_time_zone(tenant);
    asked constant date := coalesce(day, (now() at time zone zone)::date);
    range_from constant timestamptz := asked::timestamp at time zone zone;
    range_to constant timestamptz := (asked + 1)::timestamp at time zone zone;
    views numeric;
    users numeric;
    list jsonb;
begin
    perform rollup_serve.require_tenant(coalesce(tenant, 0)::text);
    if tenant is not null then
        execute rollup_serve.query_text('site_views_1min', range_from, range_to, '{views,users,top_paths}',
                                        tenant::text)
           into views, users, list;
    end if;
    return json_build_object(
        'site_id', site,
        'date', asked,
        'total_views', coalesce(views, 0),
        'unique_users', coalesce(users, 0),
        'top_paths', coalesce((select json_agg(json_build_object('path', t.item, 'views', t.value)
                                                order by t.value desc, t.item collate "C")
                                 from rollup.top(list, paths) t), '[]'));
end
$$;
comment on function rollup_serve.stats(text, date, int) is
    'Page views, distinct users and the most viewed paths of a site on one day, by default today, in the site''s time '
    'zone. Includes events that are not counted yet.';
reset citus.enable_ddl_propagation;
