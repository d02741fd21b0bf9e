-- Around the common mean: sum(m2) + sum(n * (mean - common mean) ^ 2), multiplied out, so that ordinary
-- aggregates do it. The products of numerics are exact, so that nothing is lost by taking them off each other.
create or replace function rollup_internal.combine_m2(
    sum_of_m2 double precision, number numeric, total numeric, total_of_squares numeric)
    returns double precision
    language sql
    immutable
    parallel safe
    return sum_of_m2 + rollup_internal.to_double(
        greatest(total_of_squares - total * rollup_internal.mean_quotient(total, number), 0));
comment on function rollup_internal.combine_m2(double precision, numeric, numeric, numeric) is
    'The sum of squared deviations of many sets of values: of their sum(m2), sum(n), sum(n * mean) and '
    'sum(n * mean * mean).';
