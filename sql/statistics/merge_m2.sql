-- The pairwise update of Chan, Golub and LeVeque (1979). The difference of the means is a numeric, so that no
-- digits are lost.
create or replace function rollup_internal.merge_m2(
    number bigint, mean numeric, m2 double precision, number2 bigint, mean2 numeric, m22 double precision)
    returns double precision
    language sql
    immutable
    parallel safe
    return coalesce(
        m2 + m22 + rollup_internal.to_double((mean2 - mean) * (mean2 - mean) * number * number2 / (number + number2)),
        m2, m22);
comment on function rollup_internal.merge_m2(bigint, numeric, double precision, bigint, numeric, double precision) is
    'The sum of squared deviations of two sets of values, each given by its number, mean and m2.';
