-- Half of a double's 53 bits, by Veltkamp's splitting. So the sum of many high parts, and its product with
-- their number, is exact, where sums of whole doubles around 1e9 are off by 1e-7. Without a setting, so that
-- the planner puts it into the query. Nothing overflows below 1e299.
create or replace function rollup_internal.high_part(value double precision)
    returns double precision
    language sql
    immutable
    parallel safe
    return value * 134217729 - (value * 134217729 - value);
comment on function rollup_internal.high_part(double precision) is
    'A number rounded to the 26 leading bits of its 53.';
