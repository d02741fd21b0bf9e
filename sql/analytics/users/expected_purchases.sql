-- Fader, Hardie, Lee (2005), "Counting Your Customers the Easy Way", equation 10. With a = 1 the leading quotient is
-- not defined; parameters that close are moved by less than their standard error.
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
    series double precision;
    dead double precision := 0;
begin
    if abs(a - 1) < 1e-6 then
        a := 1 + 1e-6;
    end if;
    series := rollup_analytics_internal.hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + t + horizon));
    if x > 0 then
        dead := a / (b + x - 1) * ((alpha + t) / (alpha + t_x)) ^ (r + x);
    end if;
    return (a + b + x - 1) / (a - 1) * (1 - ((alpha + t) / (alpha + t + horizon)) ^ (r + x) * series) / (1 + dead);
end
$$;
comment on function rollup_analytics_internal.expected_purchases(double precision, double precision, double precision, double precision, jsonb) is
    'Purchases expected by the BG/NBD model within a horizon, given x repeat purchases, the last after t_x of t days.';
