-- Sums of floating point numbers depend on the order in which they are added.
create or replace function rollup_internal.float_differs(counted double precision, expected double precision)
    returns boolean
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
    return case when counted is null or expected is null or counted in ('infinity', '-infinity', 'nan')
                    then counted is distinct from expected
                else abs(counted - expected) > 1e-9 * greatest(abs(counted), abs(expected)) end;
comment on function rollup_internal.float_differs(double precision, double precision) is
    'Whether two floating point sums differ by more than rounding errors.';
