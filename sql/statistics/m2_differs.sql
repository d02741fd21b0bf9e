-- The deviations of equal doubles may differ in the last digit.
create or replace function rollup_internal.m2_differs(
    counted double precision, number bigint, mean numeric, expected double precision)
    returns boolean
    language sql
    immutable
    parallel safe
    return case when counted is null or expected is null or counted in ('infinity', 'nan')
                    then counted is distinct from expected
                else abs(counted - expected)
                     > 1e-9 * greatest(counted, expected) + number * rollup_internal.to_double(1e-32 * mean * mean) end;
comment on function rollup_internal.m2_differs(double precision, bigint, numeric, double precision) is
    'Whether a sum of squared deviations differs from the expected one, given with its number and mean, by more '
    'than rounding errors.';
