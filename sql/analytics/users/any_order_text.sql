-- A chain begins with any of its steps. Looking forward from each event, the next time of each step says when the first
-- k of them are complete; where an event can serve several steps, events are assigned to steps.
create or replace function rollup_analytics_internal.any_order_text(steps int, within interval)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    nexts text;
    reached text;
begin
    select string_agg(rollup_internal.fill_template(
               'min(t) filter (where mask & {bit} <> 0) over w as n{k}', jsonb_build_object('bit', 1 << (k - 1), 'k', k)), ', ' order by k),
           string_agg(rollup_internal.fill_template(
               'case when case when n.several then n.times[{k}] else case when {all} then greatest({nexts}) end end <= least(n.t + interval {within}, n.stop)'
               ' then case when n.several then n.times[{k}] else greatest({nexts}) end end as e{k}',
               jsonb_build_object('k', k, 'within', quote_literal(within),
                   'all', (select string_agg(format('n%s is not null', i), ' and ') from generate_series(1, k) i),
                   'nexts', (select string_agg('n' || i, ', ') from generate_series(1, k) i))), ', ' order by k)
      into nexts, reached
      from generate_series(1, steps) k;
    return rollup_internal.fill_template(
        $text$select n.u, n.t, n.stop, {reached}
  from (select x.*, s.reached as times, s.at is not null as several
          from (select *, {nexts}
                  from g window w as (partition by u order by t desc range between unbounded preceding and current row)) x
          left join (select a.u, o.at, o.reached
                       from (select u, array_agg(mask order by t desc) as masks, array_agg(t order by t desc) as times
                               from g
                              where mask <> 0
                              group by u
                             having bool_or(mask & (mask - 1) <> 0)) a
                      cross join lateral rollup_analytics_internal.any_order_steps(a.masks, a.times, {steps}, {within}) o) s
            on s.u = x.u and s.at = x.t
         where x.mask <> 0
        offset 0) n$text$,
        jsonb_build_object('reached', reached, 'nexts', nexts, 'steps', steps, 'within', quote_literal(within)));
end
$$;
comment on function rollup_analytics_internal.any_order_text(int, interval) is
    'SQL for each event in g as the start of a chain in any order: when its first k steps were complete, e1, e2, ….';
