-- All rules over one measure of a rollup are one statement, however many: its rows are read once, combined by bucket,
-- tenant and the dimensions that some rule asks for, and handed to the rules on the coordinator. On Citus the first part
-- runs on the shards.
--
-- What is not known is NULL: rows that have expired, a measure that is not filled in yet, and weeks before the first
-- in which a subject was seen. What is known to be nothing is what the measure is without events.
create or replace function rollup_analytics_internal.batch_values(rules text[], ats timestamptz[], with_states boolean)
    returns table (rule text, at timestamptz, subject text, weeks_ago int, value numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set jit = off
as $$
#variable_conflict use_column
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(
        (select x.rollup from rollup_analytics.alert_rules x where x.rule = rules[1]));
    wanted record;
    complete_from timestamptz;
    windows jsonb;
    asked jsonb;
    dimensions text;
    tenants text[];
    read_rows text;
    found_values jsonb;
begin
    select * into wanted
      from rollup_internal.number_formula(r, (select x.measure from rollup_analytics.alert_rules x where x.rule = rules[1]));
    complete_from := greatest(r.expired_before, (
        select max(m.valid_since) from rollup_internal.measures_complete_since(r.name) m where m.measure = wanted.measure));
    -- Rules about the same time are one class. Weeks are those before that the kind compares with.
    select jsonb_agg(jsonb_build_object('rule', x.rule, 'class', x.class, 'scope', x.scope, 'tenant', x.tenant, 'filter', x.filter)),
           case when bool_and(x.scope = 'tenant') and count(distinct x.tenant) <= 50 then array_agg(distinct x.tenant) end
      into asked, tenants
      from (select a.rule, case when r.tenant is null then 'all' else a.scope end as scope, a.tenant,
                   dense_rank() over (order by a.within, a.delay, a.time_zone, rollup_analytics_internal.compared_weeks(a.kind, a.weeks)) as class,
                   (select jsonb_object_agg(e.key, e.value) from jsonb_each_text(a.dimensions) e) as filter
              from rollup_analytics.alert_rules a
             where a.rule = any (rules)) x;
    select string_agg(distinct format('%L, (%I)::text', d, d), ', ') into dimensions
      from rollup_analytics.alert_rules a
     cross join lateral jsonb_object_keys(a.dimensions) d
     where a.rule = any (rules);
    select jsonb_agg(w), concat_ws(' and ', format('(%s)', rollup_analytics_internal.ranges_text(
               r, range_agg(tstzrange(w.window_from, w.window_to)))), (
               select format('(%s)', string_agg(rollup_internal.tenant_condition(r, t), ' or ')) from unnest(tenants) t having count(*) > 0))
      into windows, read_rows
      from (select c.class, w.*, row_number() over () as number
              from (select distinct on ((k ->> 'class')::int) (k ->> 'class')::int as class, a.*
                      from jsonb_array_elements(asked) k
                      join rollup_analytics.alert_rules a on a.rule = k ->> 'rule'
                     order by 1, a.rule) c
             cross join lateral rollup_analytics_internal.alert_windows(
                   r, c.within, c.delay, rollup_analytics_internal.compared_weeks(c.kind, c.weeks), c.time_zone, ats) w) w;
    execute rollup_internal.fill_template(
        $text$with q as materialized (
    select ({tenant})::text as "(tenant)", {bucket} as "(bucket)", {dimensions} as "(dimensions)", {combined}
      from {relation}
     where {read_rows}
     group by 1, 2, 3
),
g as materialized (
    select w.class as "(class)", w.number as "(window)", "(tenant)", "(dimensions)", {combined}
      from jsonb_to_recordset({windows}) w (class int, number int, window_from timestamptz, window_to timestamptz)
      join q on q."(bucket)" >= w.window_from and q."(bucket)" < w.window_to
     group by 1, 2, 3, 4
),
a as (select * from jsonb_to_recordset({asked}) a (rule text, class int, scope text, tenant text, filter jsonb)),
m as (
    select a.rule as "(rule)", case when a.scope = 'each' then g."(tenant)" end as "(subject)", g.*
      from a
      join g on g."(class)" = a.class
     where a.scope <> 'tenant' and (a.filter is null or g."(dimensions)" @> a.filter)
    union all
    select a.rule, a.tenant, g.*
      from a
      join g on g."(class)" = a.class and g."(tenant)" = a.tenant
     where a.scope = 'tenant' and (a.filter is null or g."(dimensions)" @> a.filter)
)
select jsonb_agg(jsonb_build_object('rule', t."(rule)", 'subject', t."(subject)", 'number', t."(window)", 'value', {formula}))
  from (select "(rule)", "(subject)", "(window)", {combined} from m group by 1, 2, 3) t$text$,
        jsonb_build_object(
            'tenant', coalesce(quote_ident(r.tenant), 'null'),
            'bucket', quote_ident(r.bucket_column),
            'dimensions', coalesce(format('jsonb_build_object(%s)', dimensions), 'null::jsonb'),
            'combined', wanted.combined,
            'relation', rollup_internal.view_name(r.target, 'live'),
            'read_rows', read_rows,
            'windows', format('%L::jsonb', windows),
            'asked', format('%L::jsonb', asked),
            'formula', wanted.formula))
       into found_values;
    return query
    with a as (
        select * from jsonb_to_recordset(asked) a (rule text, class int, scope text, tenant text)
    ),
    w as materialized (
        select * from jsonb_to_recordset(windows) w (class int, number int, at timestamptz, weeks_ago int, window_from timestamptz)
    ),
    f as materialized (
        select a.rule, a.class, f.subject, w.at, w.weeks_ago, f.value
          from jsonb_to_recordset(found_values) f (rule text, subject text, number int, value numeric)
          join w using (number)
          join a using (rule)
    ),
    s as (
        select a.rule, a.class, a.tenant as subject, '-infinity'::timestamptz as seen_at from a where a.scope <> 'each'
        union all
        select f.rule, f.class, f.subject, min(f.at) from f join a using (rule) where a.scope = 'each' group by 1, 2, 3
        union all
        select a.rule, a.class, x.subject, '-infinity' from a join rollup_analytics.alert_states x using (rule)
         where with_states and a.scope = 'each' and x.subject is not null
           and not exists (select from f where f.rule = a.rule and coalesce(f.subject, '') = coalesce(x.subject, ''))
    ),
    -- Grouped, so that joins are on keys alone.
    k as materialized (
        select f.rule, coalesce(f.subject, '') as subject, f.at, max(f.weeks_ago) as since from f group by 1, 2, 3
    )
    select s.rule, w.at, s.subject, w.weeks_ago,
           case when w.window_from < complete_from or w.weeks_ago > 0 and coalesce(w.weeks_ago > k.since, true) then null
                when f.rule is null then wanted.nothing else f.value end
      from s
      join w on w.class = s.class and w.at >= s.seen_at
      left join f on f.rule = s.rule and coalesce(f.subject, '') = coalesce(s.subject, '') and f.at = w.at and f.weeks_ago = w.weeks_ago
      left join k on k.rule = s.rule and k.subject = coalesce(s.subject, '') and k.at = w.at;
end
$$;
comment on function rollup_analytics_internal.batch_values(text[], timestamptz[], boolean) is
    'What rules over one measure compare, at some moments: a number for each subject, and those of the weeks before. Of '
    'rules for each tenant, the subjects are those that were seen, and with_states those that have a state.';
