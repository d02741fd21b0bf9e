-- Veltkamp's splitting: half of the 53 bits of a double. Sums of high parts are exact, and so are their products
-- with the number of values, while a sum of unsplit doubles around 1e9 is off by 1e-7. There is no SET clause, so
-- that the planner inlines the function. Does not overflow below 1e299.
create or replace function rollup_internal.high_part(value double precision)
    returns double precision
    language sql
    immutable
    parallel safe
    return value * 134217729 - (value * 134217729 - value);
comment on function rollup_internal.high_part(double precision) is
    'A number rounded to the leading 26 of its 53 bits.';
