-- Additive Holt-Winters (Winters 1960). The first season sets the states before the first value: its mean is the level,
-- the differences from it are the seasonal states, and the mean step from the first to the second season is the trend.
create or replace function rollup_analytics.holt_winters(
    series double precision[], period int, horizon int, alpha double precision, beta double precision, gamma double precision)
    returns double precision[]
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    number constant int := cardinality(series);
    level double precision;
    trend double precision;
    level_before double precision;
    seasonal double precision[];
    place int;
    value double precision;
    answer double precision[] := '{}';
begin
    if period is null or period < 1 or horizon is null or horizon < 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('period must be at least 1 and horizon at least 0, not %s and %s',
                             coalesce(period::text, 'NULL'), coalesce(horizon::text, 'NULL'));
    elsif not coalesce(alpha between 0 and 1 and beta between 0 and 1 and gamma between 0 and 1, false) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('alpha, beta and gamma must lie between 0 and 1, not %s', concat_ws(', ', alpha, beta, gamma));
    elsif number < 2 * period or array_position(series, null) is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a forecast needs at least two periods of %s values, without gaps', period),
            hint = 'Ask for a longer range, or a shorter period.';
    end if;
    select avg(v) filter (where n <= period), (avg(v) filter (where n > period) - avg(v) filter (where n <= period)) / period
      into level, trend
      from unnest(series[:2 * period]) with ordinality x (v, n);
    seasonal := array(select v - level from unnest(series[:period]) with ordinality x (v, n) order by n);
    place := 1;
    foreach value in array series loop
        level_before := level;
        level := alpha * (value - seasonal[place]) + (1 - alpha) * (level_before + trend);
        seasonal[place] := gamma * (value - level_before - trend) + (1 - gamma) * seasonal[place];
        trend := beta * (level - level_before) + (1 - beta) * trend;
        place := place % period + 1;
    end loop;
    for h in 1 .. horizon loop
        answer := array_append(answer, level + h * trend + seasonal[place]);
        place := place % period + 1;
    end loop;
    return answer;
end
$$;
comment on function rollup_analytics.holt_winters(double precision[], int, int, double precision, double precision, double precision) is
    'The next values of a series by additive Holt-Winters smoothing with given parameters. The first period gives the '
    'states to begin with: level, the mean; seasonal, the differences from it; trend, the mean step to the second period.';
