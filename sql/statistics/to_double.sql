-- A cast alone raises an error for numbers too small for a double.
create or replace function rollup_internal.to_double(value numeric)
    returns double precision
    language sql
    immutable
    parallel safe
    return round(value, 250)::double precision;
comment on function rollup_internal.to_double(numeric) is
    'A numeric as a double; 0 if it is below 1e-250.';
