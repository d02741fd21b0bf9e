-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.auto_grain(finest interval, range_from timestamptz, range_to timestamptz, points int default 200)
    returns interval
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select g.grain
      from pg_catalog.unnest('{1 second,5 seconds,15 seconds,1 minute,5 minutes,15 minutes,1 hour,3 hours,6 hours,1 day,7 days,1 month,1 year}'::interval[])
           g (grain)
     where g.grain >= finest
       and (g.grain = '1 year' or extract(epoch from range_to - range_from) / extract(epoch from g.grain) <= points)
     order by g.grain
     limit 1;
end;
comment on function rollup_serve.auto_grain(interval, timestamptz, timestamptz, int) is
    'The shortest usual step, not below the finest bucket, that divides a range into at most so many points.';
reset citus.enable_ddl_propagation;
