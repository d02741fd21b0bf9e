create or replace function rollup_internal.series_grid(
    rollup_name text, range_from timestamptz, range_to timestamptz, step interval, time_zone text)
    returns timestamptz[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    grid timestamptz[];
    bounds tstzrange;
    step_start timestamptz;
    odd timestamptz;
begin
    r := rollup_internal.get_rollup(rollup_name);
    if range_from is null or range_to is null or not isfinite(range_from) or not isfinite(range_to) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a series needs a time at which it begins and one at which it ends';
    end if;
    step := coalesce(step, r.bucket);
    time_zone := coalesce(time_zone, r.time_zone);
    perform rollup_internal.validate_bucket(step, time_zone);
    if not exists (select from rollup_internal.rollups x where x.time_zone = time_zone) then
        time_zone := rollup_internal.validate_time_zone(time_zone);
    end if;

    bounds := rollup_internal.align_to_buckets(step, time_zone, range_from, range_to);
    if not isfinite(upper(bounds)) then
        raise exception using
            errcode = 'datetime_field_overflow',
            message = format('a series cannot end after the last time of timestamptz, as the step of %s does', range_to);
    end if;
    if time_zone is null then
        -- generate_series() also calculates the time after the last one, which may not exist.
        grid := array(select lower(bounds) + make_interval(secs => n::double precision)
                        from generate_series(0, extract(epoch from upper(bounds)) - extract(epoch from lower(bounds)),
                                             extract(epoch from step)) n);
    else
        step_start := lower(bounds);
        while step_start < upper(bounds) loop
            grid := grid || step_start;
            step_start := rollup.bucket_end(step, time_zone, step_start);
        end loop;
        grid := grid || step_start;
    end if;

    select min(b) into odd from unnest(grid) b where rollup.bucket_start(r.bucket, r.time_zone, b) <> b;
    if odd is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the buckets of rollup %I, %s, do not add up to steps of %s', rollup_name,
                             concat_ws(' in ', r.bucket, r.time_zone), concat_ws(' in ', step, time_zone)),
            detail = format('There is a step at %s, within one of them.', odd);
    end if;
    return grid;
end
$$;
comment on function rollup_internal.series_grid(text, timestamptz, timestamptz, interval, text) is
    'The starts of the steps of a series over a rollup, and the end of the last one: whole steps that consist of '
    'whole buckets.';
