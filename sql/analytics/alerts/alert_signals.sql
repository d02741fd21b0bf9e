-- Missing data are a signal of their own. Without enough weeks to compare with, a rule is kept: a new tenant is no
-- alert. A deviation of 0 makes any other value infinitely unusual, which says nothing about how unusual it is: such
-- a rule is kept, too.
create or replace function rollup_analytics_internal.alert_signals(rules text[], ats timestamptz[], with_states boolean)
    returns table (rule text, at timestamptz, subject text, signal text, value numeric, note text)
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
    with v as materialized (
        select rule, at, subject, max(value) filter (where weeks_ago = 0) as value,
               array_agg(value::double precision) filter (where weeks_ago > 0 and value is not null) as history,
               max(note) as note
          from rollup_analytics_internal.alert_values(rules, ats, with_states)
         group by rule, at, subject
    ),
    c as (
        select v.*, a.kind, a.comparison, coalesce(a.threshold, 1) as threshold, a.on_no_data,
               case when a.kind = 'change' and v.value is not null then v.value / nullif(v.history[1], 0)::numeric - 1
                    when a.kind = 'zscore' then round((case
                         when cardinality(v.history) < rollup_analytics_internal.compared_weeks(a.kind, a.weeks) then null
                         when v.value = m.median::numeric then 0
                         else (v.value::double precision - m.median) / (1.482602218505602 * nullif(m.mad, 0)) end)::numeric, 6)
                    when a.kind in ('change', 'zscore') then null
                    else v.value end as number
          from v
          join rollup_analytics.alert_rules a using (rule)
          left join lateral (
               select x.median, (select percentile_cont(0.5) within group (order by abs(h - x.median)) from unnest(v.history) h) as mad
                 from (select percentile_cont(0.5) within group (order by h) as median from unnest(v.history) h) x) m
            on a.kind = 'zscore'
    ),
    s as (
        select c.*,
               case when kind = 'absence' and note is null then case when coalesce(value, 0) = 0 then 'broken' else 'kept' end
                    when value is null then 'no data'
                    when number is null then 'kept'
                    when case comparison when '>' then number > threshold
                                         when '>=' then number >= threshold
                                         when '<' then number < threshold
                                         when '<=' then number <= threshold
                                         else abs(number) > threshold end then 'broken'
                    else 'kept' end as found
          from c
    )
    select rule, at, subject,
           case when found <> 'no data' or on_no_data = 'no data' then found
                when on_no_data = 'normal' then 'kept'
                when on_no_data = 'firing' then 'broken'
                else coalesce((select x.signal from rollup_analytics.alert_states x
                                where x.rule = s.rule and coalesce(x.subject, '') = coalesce(s.subject, '')), 'kept') end,
           trim_scale(number),
           coalesce(note, case when value is not null and number is null then 'not enough to compare with' end)
      from s;
$$;
comment on function rollup_analytics_internal.alert_signals(text[], timestamptz[], boolean) is
    'Whether rules are kept or broken, or have no data, for each subject at some moments, with the number compared.';
