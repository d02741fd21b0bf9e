-- Fader, Hardie, Lee (2005), "Counting Your Customers the Easy Way", equation 10. Euler's transformation of the series
-- takes in the power before it: both are beyond any number for users who bought hundreds of times. With a = 1 the leading
-- quotient is not defined; parameters that close are moved by less than their standard error.
create or replace function rollup_analytics_internal.expected_purchases(
    horizon double precision, x double precision, t_x double precision, t double precision, p jsonb)
    returns double precision
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r constant double precision := p ->> 'r';
    alpha constant double precision := p ->> 'alpha';
    b constant double precision := p ->> 'b';
    a double precision := p ->> 'a';
    z constant double precision := horizon / (alpha + t + horizon);
begin
    if abs(a - 1) < 1e-6 then
        a := 1 + 1e-6;
    end if;
    return (a + b + x - 1) / (a - 1)
           * (1 - (1 - z) ^ (a - 1) * rollup_analytics_internal.hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z))
           * rollup_analytics_internal.p_alive(x, t_x, t, p);
end
$$;
comment on function rollup_analytics_internal.expected_purchases(double precision, double precision, double precision, double precision, jsonb) is
    'Purchases expected by the BG/NBD model within a horizon, given x repeat purchases, the last after t_x of t days.';
