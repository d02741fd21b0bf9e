-- Each of n - 1 additions is off by at most half a unit in the last place of the sum so far, which is at most the sum
-- of the magnitudes. Two orders of addition therefore differ by at most n * epsilon * sum(abs(x)). A sum of
-- magnitudes from 1e290 on could overflow although the sum does not; n times the largest one stands for it.
-- Likewise, products below 1e-306 would underflow.
create or replace function rollup_internal.sum_tolerance(
    number bigint, sum_of_magnitudes double precision, largest double precision, type_name text)
    returns double precision
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
    return (
        select case when number = 0 then 0
                    when largest < 1e290 then number * x.epsilon * greatest(sum_of_magnitudes, 1e-290)
                    when number * (number * x.epsilon) <= 1 then number * (number * x.epsilon) * largest
                    else 'infinity' end
          from (select case type_name when 'real' then 2.0 ^ -23 else 2.0 ^ -52 end::double precision as epsilon) x);
comment on function rollup_internal.sum_tolerance(bigint, double precision, double precision, text) is
    'The largest difference that the order of additions can make to a sum of floating point numbers of a type, from '
    'the number of values, the sum of those magnitudes that are below 1e290, and the largest magnitude.';
