-- At least 30 decimals, because the means of large numbers may differ in late digits only.
create or replace function rollup_internal.mean_quotient(total numeric, number numeric)
    returns numeric
    language sql
    immutable
    parallel safe
    return (total + 0.000000000000000000000000000000) / nullif(number, 0);
comment on function rollup_internal.mean_quotient(numeric, numeric) is
    'The mean of values, from their sum and number; NULL without values.';
