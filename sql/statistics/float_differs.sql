-- Sums of floating point numbers depend on the order in which they are added. NaN and the infinities do not.
create or replace function rollup_internal.float_differs(
    counted double precision, expected double precision, tolerance double precision)
    returns boolean
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
    return case when counted is null or expected is null
                     or counted in ('infinity', '-infinity', 'nan') or expected in ('infinity', '-infinity', 'nan')
                    then counted is distinct from expected
                when sign(counted) <> sign(expected) then abs(counted) > tolerance - abs(expected)  -- no overflow
                else abs(counted - expected) > tolerance end;
comment on function rollup_internal.float_differs(double precision, double precision, double precision) is
    'Whether two floating point sums differ by more than a tolerance: see rollup_internal.sum_tolerance.';
