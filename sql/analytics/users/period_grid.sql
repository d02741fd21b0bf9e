-- Calendar periods are counted from the first of January 2000 in the time zone; weeks begin on Mondays. The grid holds
-- the starts of all periods that touch the range, and the end of the last one.
create or replace function rollup_analytics_internal.period_grid(
    period interval, time_zone text, range_from timestamptz, range_to timestamptz)
    returns timestamptz[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set intervalstyle = postgres
as $$
#variable_conflict use_variable
declare
    months constant int := extract(year from period) * 12 + extract(month from period);
    days constant int := extract(day from period);
    first_local timestamp := timezone(time_zone, range_from);
    starts timestamptz[] := '{}';
    at timestamptz;
    n int := 0;
begin
    if period is null or (months > 0) = (days > 0) or months < 0 or days < 0
       or period <> make_interval(months => months, days => days) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('period must be whole days, or whole months, not %s', coalesce(period::text, 'NULL')),
            hint = 'Such as ''7 days'', ''1 week'' or ''1 month''.';
    end if;
    first_local := case
        when months > 0 then timestamp '2000-01-01' + make_interval(months => months * floor(
            ((extract(year from first_local) - 2000) * 12 + extract(month from first_local) - 1) / months)::int)
        when days % 7 = 0 then timestamp '2000-01-03' + make_interval(days => days * floor(
            (first_local::date - date '2000-01-03')::numeric / days)::int)
        else timestamp '2000-01-01' + make_interval(days => days * floor((first_local::date - date '2000-01-01')::numeric / days)::int) end;
    loop
        at := timezone(time_zone, first_local + n * period);
        starts := starts || at;
        exit when at >= range_to;
        n := n + 1;
        if n > 10000 then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('the range has more than 10000 periods of %s', period),
                hint = 'Ask for a shorter range or a longer period.';
        end if;
    end loop;
    return starts;
end
$$;
comment on function rollup_analytics_internal.period_grid(interval, text, timestamptz, timestamptz) is
    'The starts of the calendar periods of a time zone that touch a range, and the end of the last one.';
