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
    span tstzrange;
    next timestamptz;
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

    span := rollup_internal.align_to_buckets(step, time_zone, range_from, range_to);
    if time_zone is null then
        grid := array(select generate_series(lower(span), upper(span),
                                             make_interval(secs => extract(epoch from step)::double precision)));
    else
        next := lower(span);
        while next < upper(span) loop
            grid := grid || next;
            next := rollup.bucket_end(step, time_zone, next);
        end loop;
        grid := grid || next;
    end if;

    select min(b) into odd from unnest(grid) b where rollup.bucket_start(r.bucket, r.time_zone, b) <> b;
    if odd is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the buckets of rollup %I, %s%s, do not add up to steps of %s%s', rollup_name,
                             r.bucket, ' in ' || r.time_zone, step, ' in ' || time_zone),
            detail = format('There is a step at %s, within one of them.', odd);
    end if;
    return grid;
end
$$;
comment on function rollup_internal.series_grid(text, timestamptz, timestamptz, interval, text) is
    'Where the steps of a series over a rollup begin, and where the last one ends: whole '
    'steps, made of whole buckets.';
