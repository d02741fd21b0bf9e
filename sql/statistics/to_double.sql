-- Of what is too small for a double, a cast makes an error.
create or replace function rollup_internal.to_double(value numeric)
    returns double precision
    language sql
    immutable
    parallel safe
    return round(value, 250)::double precision;
comment on function rollup_internal.to_double(numeric) is
    'A numeric as a double; 0 where it is next to nothing.';
