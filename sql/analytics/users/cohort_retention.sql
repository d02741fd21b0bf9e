-- Whether a user is new is decided by the first event ever, so the history before the range is read, too.
create or replace function rollup_analytics.cohort_retention(
    first text, recurring text, period interval, time_zone text default 'UTC', mode text default 'on',
    tenant text default null, range_from timestamptz default null, range_to timestamptz default null,
    source text default 'events', user_column text default 'user_id', relative_to text default 'cohort')
    returns table (cohort timestamptz, n int, size bigint, users bigint, rate numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set jit = off
as $$
#variable_conflict use_variable
declare
    q record;
    r rollup_internal.rollups;
    grid timestamptz[];
    is_first text;
    is_recurring text;
    facts text;
begin
    select * into q from rollup_analytics_internal.question(source, tenant, range_from, range_to, user_column);
    perform rollup_analytics_internal.validate_choice('mode', mode, '{on,unbounded}');
    perform rollup_analytics_internal.validate_choice('relative_to', relative_to, '{cohort,previous}');
    is_first := rollup_analytics_internal.validate_condition(q.relation, 'first', first);
    is_recurring := rollup_analytics_internal.validate_condition(q.relation, 'recurring', recurring);
    grid := rollup_analytics_internal.period_grid(period, rollup_analytics_internal.validate_zone(time_zone), range_from, range_to);
    r := rollup_analytics_internal.user_rollup(
        q.relation, q.users, array[is_first, is_recurring], '{}', grid || range_from || range_to, '-infinity');
    facts := rollup_internal.fill_template(
        'select ({users})::text collate "C" as u, {time} as t, {first} as is_first, {recurring} as is_recurring'
        ' from {relation} where {conditions} and {users} is not null and ({first} or {recurring})',
        jsonb_build_object(
            'users', q.users,
            'first', is_first,
            'recurring', is_recurring,
            'time', quote_ident(coalesce(r.bucket_column, q.time_column)),
            'relation', coalesce(rollup_internal.view_name(r.target, 'live'), q.relation::text),
            'conditions', case when r.name is null then q.until
                else rollup_internal.all_of(rollup_internal.rows_conditions(
                         r, tstzrange(null, range_to), rollup_internal.parse_tenant(r, tenant))) end));
    return query execute rollup_internal.fill_template(
        $text$with f as materialized ({facts}),
b as materialized (
    select u, width_bucket(min(t) filter (where is_first), {grid}::timestamptz[]) as c
      from f
     group by u
    having min(t) filter (where is_first) >= {range_from}
),
a as (
    select distinct b.c, f.u, width_bucket(f.t, {grid}::timestamptz[]) - b.c as n
      from b
      join f on f.u = b.u and f.is_recurring and width_bucket(f.t, {grid}::timestamptz[]) >= b.c
),
-- A user came in period n, or in n or later: then the user is counted in all periods up to the last one with an event.
counted as ({counted}),
sizes as (select c, count(*) as size from b group by c),
cells as (
    select s.c, p.n, s.size,
           case when ({grid}::timestamptz[])[s.c + p.n + 1] <= {horizon} then coalesce(k.users, 0) end as users
      from sizes s
     cross join lateral generate_series(0, {periods} - s.c) p (n)
      left join counted k on k.c = s.c and k.n = p.n
)
select ({grid}::timestamptz[])[c], n, size, users,
       round(users::numeric / nullif({base}, 0), 6)
  from cells
 order by c, n$text$,
        jsonb_build_object(
            'facts', facts,
            'grid', quote_literal(grid),
            'range_from', quote_literal(range_from),
            'horizon', quote_literal(least(range_to, now())),
            'periods', cardinality(grid) - 1,
            'counted', case when mode = 'on' then 'select c, n, count(*) as users from a group by c, n'
                else 'select c, n.n, count(*) as users from (select c, u, max(n) as last from a group by c, u) l'
                     ' cross join lateral generate_series(0, l.last) n (n) group by 1, 2' end,
            'base', case when relative_to = 'cohort' then 'size'
                         else 'case when n = 0 then size else lag(users) over (partition by c order by n) end' end));
end
$$;
comment on function rollup_analytics.cohort_retention(text, text, interval, text, text, text, timestamptz, timestamptz, text, text, text) is
    'How many users come back, by the calendar period of their first matching event ever. n counts periods since then. '
    'mode: on (came in period n) or unbounded (in n or later). The rate is relative to the cohort, or to the previous '
    'period. users and rate are NULL while a period is not over.';
