-- At least 30 decimals: means of large numbers that lie close together differ late.
create or replace function rollup_internal.mean_quotient(total numeric, number numeric)
    returns numeric
    language sql
    immutable
    parallel safe
    return (total + 0.000000000000000000000000000000) / nullif(number, 0);
comment on function rollup_internal.mean_quotient(numeric, numeric) is
    'A mean, of a sum and the number of values; NULL of none.';
