-- Reads from an object what the extension reads: pairs whose value is a number, as whole numbers.
-- Sums stop at the largest bigint, anything but an object holds no counters, ties at the cut go as
-- in topn_count.
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
    'TopN stand-in, internal. Sums by key, cut to the largest ones; keeps all when counters is NULL.';
