create or replace function rollup_internal.duration_limits()
    returns double precision[]
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
begin atomic
    select '{0.1,0.5,1,5,10,30,60,300,1800}'::double precision[];
end;
comment on function rollup_internal.duration_limits() is
    'Upper limits, in seconds, of the buckets into which run durations are counted.';
