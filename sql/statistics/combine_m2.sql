-- sum(m2) + sum(n * (mean - common mean) ^ 2), expanded so that ordinary aggregates suffice. Products of numerics
-- are exact, so their difference loses no digits.
create or replace function rollup_internal.combine_m2(
    sum_of_m2 double precision, number numeric, total numeric, total_of_squares numeric)
    returns double precision
    language sql
    immutable
    parallel safe
    return sum_of_m2 + rollup_internal.to_double(
        greatest(total_of_squares - total * rollup_internal.mean_quotient(total, number), 0));
comment on function rollup_internal.combine_m2(double precision, numeric, numeric, numeric) is
    'The sum of squared deviations of many sets of values, from their sum(m2), sum(n), sum(n * mean) and sum(n * '
    'mean * mean).';
