-- Ties are broken by item in byte order, so that the same items make the same list on every server.
create or replace function rollup_internal.top_truncate(list jsonb, counters int)
    returns jsonb
    language sql
    immutable
    parallel safe
    return (select jsonb_object_agg(k.key, k.amount)
              from (select p.key, p.value::numeric as amount,
                           row_number() over (order by p.value::numeric desc, p.key collate "C") as place
                      from jsonb_each_text(list) p) k
             where k.place <= counters or k.amount < 0);
comment on function rollup_internal.top_truncate(jsonb, int) is
    'A top list truncated to a number of items; items with a negative value are kept.';
