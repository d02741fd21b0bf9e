create or replace function rollup_analytics_internal.shift_buckets(rollup_name text, at timestamptz, number int)
    returns timestamptz
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
begin
    at := rollup.bucket_start(r.bucket, r.time_zone, at);
    if r.time_zone is null then
        return at + number * make_interval(secs => extract(epoch from r.bucket)::double precision);
    end if;
    for n in 1 .. number loop
        at := rollup.bucket_end(r.bucket, r.time_zone, at);
    end loop;
    for n in 1 .. -number loop
        at := rollup.bucket_start(r.bucket, r.time_zone, at - interval '1 microsecond');
    end loop;
    return at;
end
$$;
comment on function rollup_analytics_internal.shift_buckets(text, timestamptz, int) is
    'The start of the bucket that lies so many buckets after that of a time, or before it.';
