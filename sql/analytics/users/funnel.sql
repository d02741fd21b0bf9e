-- Counted where the tenant's events are: the statement has one tenant and no tables but the source. Rows for steps that
-- nobody reached are added outside of it. Events are sorted once, by user and time: neither a common table expression nor
-- a hash table comes between the sort and the passes over it.
create or replace function rollup_analytics.funnel(
    steps text[], within interval, mode text default 'ordered', ties text default 'any', breakdown text default null,
    tenant text default null, range_from timestamptz default null, range_to timestamptz default null,
    source text default 'events', user_column text default 'user_id', exclude text[] default '{}')
    returns setof rollup_analytics.funnel_step
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
    set jit = off
as $$
#variable_conflict use_variable
declare
    q record;
    wanted constant int := coalesce(cardinality(steps), 0);
    by_value text;
    conditions text[];
    exclusions text;
    matched text;
    counted jsonb;
    chains text;
    fastest text;
    open_starts text;
    starts text;
begin
    select * into q from rollup_analytics_internal.question(source, tenant, range_from, range_to, user_column);
    perform rollup_analytics_internal.validate_choice('mode', mode, '{ordered,strict,any}');
    perform rollup_analytics_internal.validate_choice('ties', ties, '{any,strict}');
    within := rollup_analytics_internal.validate_length('within', within);
    if wanted not between 1 and 20 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a funnel has 1 to 20 steps, not %s', wanted),
            hint = 'Such as steps => array[''event_type = ''''view'''''', ''event_type = ''''order''''''].';
    end if;
    conditions := array(select rollup_analytics_internal.validate_condition(q.relation, format('step %s', n), s)
                          from unnest(steps) with ordinality x (s, n) order by n);
    exclusions := (select string_agg(rollup_analytics_internal.validate_condition(q.relation, 'exclude', x), ' or ')
                     from unnest(exclude) x);
    if breakdown is not null then
        by_value := rollup_analytics_internal.validate_expression(q.relation, 'breakdown', breakdown);
    end if;
    matched := (select string_agg(format('case when %s then %s else 0 end', c, 1 << (n::int - 1)), ' + ' order by n)
                  from unnest(conditions) with ordinality x (c, n));
    chains := case when mode = 'any' then rollup_analytics_internal.any_order_text(wanted, within)
                   else rollup_analytics_internal.chain_text(wanted, within, mode, ties) end;
    select string_agg(case when mode = 'any' then format('min(e%1$s - t) as f%1$s', k)
                           else format('min(t - d%1$s) as f%1$s', k) end, ', ' order by k),
           string_agg(format(case mode when 'any' then 'max(t) filter (where e%1$s is not null and stop is null) as o%1$s'
                                       when 'strict' then 'max(f%1$s) filter (where t = ends and f%1$s >= excluded_until) as o%1$s'
                                       else 'max(d%1$s) filter (where d%1$s >= excluded_until) as o%1$s' end, k), ', ' order by k),
           string_agg(format(case when mode = 'any' then '(array_agg(t order by e%1$s - t, t) filter (where e%1$s is not null))[1]'
                                  else '(array_agg(d%1$s order by t - d%1$s, t) filter (where d%1$s is not null))[1]' end, k), ', ' order by k desc)
      into fastest, open_starts, starts
      from generate_series(1, wanted) k;

    execute rollup_internal.fill_template(
        $text$with e as (
    select *
      from (select ({users})::text collate "C" as u, {time} as t, {matched} as mask, coalesce({exclusions}, false) as excluded, {value} as value
              from {relation}
             where {in_range}
               and {users} is not null) e
     where {relevant}
     order by u, t
),
g as (
    select *, {stop} as stop
      from ({grouped}) g
),
c as (
    select c.*, {ends}
      from ({chains}) c
),
p as (
    select u, {fastest}, {open_starts}, {starts} as start
      from c
     group by u
)
select jsonb_agg(jsonb_build_object('value', s.value, 'step', s.step, 'users', s.users, 'open', s.open,
                                    'median', s.quantiles[1], 'p90', s.quantiles[2]))
  from (select p.value, v.step, count(v.fastest) as users,
               count(*) filter (where v.step = p.level and v.step < {wanted} and v.start + interval {within} >= {horizon}) as open,
               percentile_cont(array[0.5, 0.9]) within group (order by extract(epoch from v.fastest)::double precision) as quantiles
          from (select p.*, {level} as level, {first_value} as value from p {first_events} where f1 is not null) p
         cross join lateral (values {values}) v (step, fastest, start)
         group by p.value, v.step) s$text$,
        jsonb_build_object(
            'users', q.users,
            'time', quote_ident(q.time_column),
            'matched', matched,
            'exclusions', coalesce(exclusions, 'false'),
            'value', case when breakdown is null then 'null::text' else format('(%s)::text', by_value) end,
            'relation', q.relation,
            'in_range', q.in_range,
            'relevant', case when mode = 'strict' then 'true' else 'e.mask <> 0 or e.excluded' end,
            'stop', case when exclusions is null then 'null::timestamptz'
                         when mode = 'any' then
                             'min(t) filter (where excluded) over (partition by u order by t desc groups between unbounded preceding and 1 preceding)'
                         else 'max(t) filter (where excluded) over (partition by u order by t groups between unbounded preceding and 1 preceding)' end,
            'grouped', case when mode = 'any' then 'select u, t, mask, excluded from e' else rollup_internal.fill_template(
                'select u, t, bit_or(mask) as mask, count(*) as events, bool_or(excluded) as excluded, case when count(*) > 1'
                ' and bool_or(mask & (mask - 1) <> 0) then rollup_analytics_internal.consecutive_steps('
                'array_agg(mask) filter (where mask & (mask - 1) <> 0), bit_or(mask) filter (where mask & (mask - 1) = 0), {wanted}) end as reach'
                ' from e group by u, t', jsonb_build_object('wanted', wanted)) end,
            'ends', concat_ws(', ',
                case when mode = 'strict' then 'max(t) over (partition by u)' else 'null' end || ' as ends',
                case when exclusions is null or mode = 'any' then 'timestamptz ''-infinity'''
                     else 'coalesce(max(t) filter (where excluded) over (partition by u), ''-infinity'')' end || ' as excluded_until'),
            'chains', chains,
            'fastest', fastest,
            'open_starts', open_starts,
            'starts', case when breakdown is null then 'null::timestamptz' else format('coalesce(%s)', starts) end,
            'wanted', wanted,
            'within', quote_literal(within),
            'horizon', quote_literal(least(range_to, now())),
            'level', (select string_agg(format('(f%s is not null)::int', k), ' + ') from generate_series(1, wanted) k),
            'first_value', case when breakdown is null then 'null::text' else 'first.value' end,
            'first_events', case when breakdown is null then '' else format(
                'left join (select u, t, min(value) as value from e where mask & %s <> 0 group by u, t) first on first.u = p.u and first.t = p.start',
                case when mode = 'any' then (1 << wanted) - 1 else 1 end) end,
            'values', (select string_agg(format('(%1$s, f%1$s, o%1$s)', k), ', ') from generate_series(1, wanted) k)))
      into counted;

    return query
    select s.n::int, s.condition, coalesce(x.users, 0), coalesce(x.open, 0),
           round(x.users::numeric / nullif(first_value(x.users) over w, 0), 6),
           round(case when s.n = 1 then x.users::numeric / nullif(x.users, 0)
                      else x.users::numeric / nullif(lag(x.users) over w, 0) end, 6),
           x.median, x.p90, b.value
      from unnest(steps) with ordinality s (condition, n)
     cross join (select distinct c ->> 'value' as value from jsonb_array_elements(counted) c where breakdown is not null
                 union all
                 select null where breakdown is null) b
      left join jsonb_to_recordset(counted) x (value text, step int, users bigint, open bigint, median double precision, p90 double precision)
        on x.step = s.n and x.value is not distinct from b.value
    window w as (partition by b.value order by s.n)
     order by b.value, s.n;
end
$$;
comment on function rollup_analytics.funnel(text[], interval, text, text, text, text, timestamptz, timestamptz, text, text, text[]) is
    'How many users went through steps, each a condition over one event, within a time of the first one, inclusive: for '
    'each user the longest chain over all of the user''s starts. mode: ordered (other events may lie between), strict (any other '
    'event of the user ends the chain), any (order is free). ties: events at the same time in any order that helps, or '
    'strict (never one after the other). An event that meets a condition of exclude ends a chain. Users who can still go '
    'on are open. The seconds are those of each user''s fastest way from the first step. breakdown is an expression over '
    'the first event.';
