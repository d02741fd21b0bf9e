-- By Hall's theorem, different events can serve the first k steps if for each set of these steps as many events as it
-- has steps can serve one of them.
create or replace function rollup_analytics_internal.any_order_steps(masks int[], times timestamptz[], steps int)
    returns timestamptz[]
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select array_agg((
        select case when count(reached) = count(*) then max(reached) end
          from generate_series(1, (1 << k) - 1) chosen
         cross join lateral (select (array_agg(e.at order by e.at))[
                                        bit_count(chosen::bit(32))] as reached
                               from rows from (unnest(masks), unnest(times)) e (mask, at)
                              where e.mask & chosen <> 0) r) order by k)
      from generate_series(1, steps) k;
$$;
comment on function rollup_analytics_internal.any_order_steps(int[], timestamptz[], int) is
    'When the first k steps had been reached in any order, for each k, by events that can serve the steps in their masks.';
