-- One event serves one step. Events at the same time that meet several conditions are assigned to steps in every way;
-- such groups are small and rare.
create or replace function rollup_analytics_internal.consecutive_steps(several int[], single int, steps int)
    returns int[]
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    with recursive assigned (n, taken) as (
        select 0, coalesce(single, 0)
        union
        select a.n + 1, a.taken | b.bit
          from assigned a
         cross join lateral (select 0 as bit
                             union all
                             select 1 << i from generate_series(0, steps - 1) i
                              where several[a.n + 1] & (1 << i) <> 0 and a.taken & (1 << i) = 0) b
         where a.n < cardinality(several)
    )
    select array_agg((select max(k) from assigned a, generate_series(i, steps) k
                       where (a.taken >> i) & ((1 << (k - i)) - 1) = (1 << (k - i)) - 1) order by i)
      from generate_series(0, steps - 1) i;
$$;
comment on function rollup_analytics_internal.consecutive_steps(int[], int, int) is
    'For events at one time: the last step that can be reached after each number of steps, one event serving one step. '
    'Bits say which steps an event can serve: of events that can serve several, and of all others together.';
