-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.whole_buckets(r rollup_internal.rollups, times tstzmultirange)
    returns tstzmultirange
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(range_agg(rollup_internal.align_to_buckets(r.bucket, r.time_zone, lower(t.times), upper(t.times))), '{}')
      from unnest(whole_buckets.times) t (times);
end;
comment on function rollup_internal.whole_buckets(rollup_internal.rollups, tstzmultirange) is
    'The times of all buckets of a rollup that times touch.';
reset citus.enable_ddl_propagation;
