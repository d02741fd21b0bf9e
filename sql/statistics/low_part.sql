create or replace function rollup_internal.low_part(value double precision)
    returns double precision
    language sql
    immutable
    parallel safe
    return value - rollup_internal.high_part(value);
comment on function rollup_internal.low_part(double precision) is
    'The exact remainder of a number after rollup_internal.high_part.';
