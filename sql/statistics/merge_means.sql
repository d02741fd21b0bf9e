create or replace function rollup_internal.merge_means(number bigint, mean numeric, number2 bigint, mean2 numeric)
    returns numeric
    language sql
    immutable
    parallel safe
    return coalesce(rollup_internal.mean_quotient(number * mean + number2 * mean2, number + number2), mean, mean2);
comment on function rollup_internal.merge_means(bigint, numeric, bigint, numeric) is
    'The mean of two sets of values, each given by its number and mean.';
