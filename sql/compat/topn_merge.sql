-- Reads from an object what the extension reads: pairs with a numeric value, as integers. Sums are capped at the
-- largest bigint, a value that is not an object has no counters, and ties are broken as in topn_count.
create or replace function rollup_compat.topn_merge(states jsonb[], counters integer)
    returns jsonb
    language sql
    immutable
    parallel safe
    return (
        select coalesce(jsonb_object_agg(kept.key, kept.frequency), '{}')
          from (select rollup_compat.topn_stored_key(pair.key) collate "C" as key,
                       least(sum(trunc(pair.value::numeric)), 9223372036854775807) as frequency
                  from unnest(states) state
                 cross join jsonb_each(case jsonb_typeof(state) when 'object' then state end) pair
                 where jsonb_typeof(pair.value) = 'number'
                 group by 1
                 order by 2 desc, 1
                 limit counters) kept
    );
comment on function rollup_compat.topn_merge(jsonb[], integer) is
    'TopN stand-in, internal. Sums by key, truncated to the largest ones; not truncated if counters is NULL.';
