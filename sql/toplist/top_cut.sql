-- Without a setting, so that the planner puts it into the query that makes the list: a call for each group would
-- cost as much as counting ten values. Sorted only if it is too long.
create or replace function rollup_internal.top_cut(list jsonb, number bigint, counters int)
    returns jsonb
    language sql
    immutable
    parallel safe
    return case when number > counters then rollup_internal.top_truncate(list, counters) else coalesce(list, '{}') end;
comment on function rollup_internal.top_cut(jsonb, bigint, int) is
    'A top list of so many items, cut to a number of items; an empty one instead of NULL.';
