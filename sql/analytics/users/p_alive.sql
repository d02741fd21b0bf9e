-- In logarithms: the power of somebody who bought often and then stopped has hundreds of digits. What is that certain is
-- cut to what a number can hold.
create or replace function rollup_analytics_internal.p_alive(
    x double precision, t_x double precision, t double precision, p jsonb)
    returns double precision
    language sql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
    return case when x = 0 then 1
                else 1 / (1 + (p ->> 'a')::double precision / ((p ->> 'b')::double precision + x - 1)
                              * exp(least(((p ->> 'r')::double precision + x)
                                          * ln(((p ->> 'alpha')::double precision + t) / ((p ->> 'alpha')::double precision + t_x)), 600))) end;
comment on function rollup_analytics_internal.p_alive(double precision, double precision, double precision, jsonb) is
    'The probability that a user still buys, by the BG/NBD model, given x repeat purchases, the last after t_x of t days.';
