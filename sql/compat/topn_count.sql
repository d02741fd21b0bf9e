-- Ties at the cut are broken by key in byte order (collation "C", which is also the fastest to compare): the same
-- items yield the same object on every server, in every locale and for any order of rows. In the extension, the
-- choice among equal counters depends on its hash table.
create or replace function rollup_compat.topn_count(items text[], counters integer)
    returns jsonb
    language sql
    immutable
    parallel safe
    return (
        select coalesce(jsonb_object_agg(kept.key, kept.frequency), '{}')
          from (select rollup_compat.topn_item_key(item) collate "C" as key, count(*) as frequency
                  from unnest(items) item
                 where item is not null
                 group by 1
                 order by 2 desc, 1
                 limit counters) kept
    );
comment on function rollup_compat.topn_count(text[], integer) is
    'TopN stand-in, internal. Exact counts of the items, truncated to the largest ones.';
