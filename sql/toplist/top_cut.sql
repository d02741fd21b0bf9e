-- There is no SET clause, so that the planner inlines the function: a call for each group would take as long as
-- counting ten values. A list is sorted only if it is too long.
create or replace function rollup_internal.top_cut(list jsonb, number bigint, counters int)
    returns jsonb
    language sql
    immutable
    parallel safe
    return case when number > counters then rollup_internal.top_truncate(list, counters) else coalesce(list, '{}') end;
comment on function rollup_internal.top_cut(jsonb, bigint, int) is
    'A top list, given with its number of items, truncated to a number of items; an empty list for NULL.';
