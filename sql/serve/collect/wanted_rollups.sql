-- Minutes serve charts of the last hours, hours and days long ranges. Days of sites whose zone differs from UTC are put
-- together from hours and minutes.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.wanted_rollups(
    out name text, out bucket interval, out filter text, out dimensions text[], out measures json, out is_declared boolean)
    returns setof record
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select w.name, w.bucket, w.filter, w.dimensions, w.measures,
           exists (select from rollup.rollups r where r.name = w.name)
      from (select pg_catalog.format('%s_%s', family.name, grain.suffix), grain.bucket, family.filter,
                   family.dimensions, family.measures
              from (values (1, 'site_views', $filter$event_type in ('pageview', 'page_view', 'view')$filter$,
                            '{source,country,browser}'::text[],
                            '{"views":     {"count": "*"},
                              "users":     {"distinct": "user_id"},
                              "top_paths": {"top": "path", "counters": 1000}}'::json),
                           (2, 'site_events', null, '{event_type}',
                            '{"events": {"count": "*"},
                              "users":  {"distinct": "user_id"}}')) family (place, name, filter, dimensions, measures)
             cross join (values ('1min', interval '1 minute'),
                                ('1hr', interval '1 hour'),
                                ('1day', interval '1 day')) grain (suffix, bucket)
             order by family.place, grain.bucket) w (name, bucket, filter, dimensions, measures);
end;
comment on function rollup_serve.wanted_rollups() is
    'The rollups of sites: page views by source, country and browser, and events by type, by minute, hour and day.';
reset citus.enable_ddl_propagation;
