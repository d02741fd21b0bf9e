create or replace function rollup_internal.bucket_starts(bucket interval, time_zone text, times tstzmultirange)
    returns setof timestamptz
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    range tstzrange;
    start timestamptz;
begin
    foreach range in array array(select x from unnest(times) x) loop
        if coalesce(not isfinite(lower(range)) or not isfinite(upper(range)), true) then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('the buckets of %s cannot be listed', range);
        end if;
        start := lower(range);
        while start < upper(range) loop
            return next start;
            start := rollup.bucket_end(bucket, time_zone, start);
        end loop;
    end loop;
end
$$;
comment on function rollup_internal.bucket_starts(interval, text, tstzmultirange) is
    'The starts of the buckets in times of whole buckets. Raises invalid_parameter_value for a range without an end.';
