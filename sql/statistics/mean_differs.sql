-- Relative to the magnitude of the values, not of the mean: where large values cancel out, the remainder of a sum
-- of doubles is mostly rounding error.
create or replace function rollup_internal.mean_differs(
    counted numeric, tolerance numeric, number bigint, expected numeric, m2 double precision)
    returns boolean
    language sql
    immutable
    parallel safe
    return case when counted is null or expected is null then counted is distinct from expected
                else abs(counted - expected) > tolerance * (abs(expected) + sqrt(m2 / number)::numeric) end;
comment on function rollup_internal.mean_differs(numeric, numeric, bigint, numeric, double precision) is
    'Whether a mean differs from the expected one, given with its number and m2, by more than rounding errors.';
