create or replace function rollup_analytics_internal.velocity_values(rule_name text, ats timestamptz[], with_states boolean)
    returns table (rule text, at timestamptz, subject text, weeks_ago int, value numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
    set jit = off
as $$
#variable_conflict use_column
declare
    a rollup_analytics.alert_rules;
    v rollup_analytics.velocity_rules;
    q record;
    within interval;
    broken jsonb;
begin
    select * into strict a from rollup_analytics.alert_rules x where x.rule = rule_name;
    select * into v from rollup_analytics.velocity_rules x where x.rule = a.rollup;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no velocity rule %L', a.rollup),
            hint = 'Rules are rows of rollup_analytics.velocity_rules.';
    end if;
    within := coalesce(a.within, v.within);
    select * into q from rollup_analytics_internal.source_columns(v.source);
    execute rollup_internal.fill_template(
        'select jsonb_agg(jsonb_build_object(''subject'', tenant, ''key'', k, ''t'', t)) from ({breaks}) x',
        jsonb_build_object('breaks', rollup_analytics_internal.velocity_text(
            v, a.tenant, (select min(t) from unnest(ats) t) - a.delay - within, (select max(t) from unnest(ats) t) - a.delay)))
       into broken;
    return query
    with b as materialized (
        select b.subject, b.key, b.t from jsonb_to_recordset(broken) b (subject text, key text, t timestamptz)
    ),
    s as (
        select a.tenant as subject where a.scope <> 'each'
        union
        select b.subject from b where a.scope = 'each'
        union
        select x.subject from rollup_analytics.alert_states x where with_states and x.rule = rule_name and a.scope = 'each' and x.subject is not null
    )
    select rule_name, t.at, s.subject, 0,
           (select count(distinct (b.subject, b.key)) from b
             where b.t >= t.at - a.delay - within and b.t < t.at - a.delay
               and (a.scope = 'all' or coalesce(b.subject, '') = coalesce(s.subject, '')))::numeric
      from s
     cross join unnest(ats) t (at);
end
$$;
comment on function rollup_analytics_internal.velocity_values(text, timestamptz[], boolean) is
    'How many keys break a velocity rule, at some moments, for each subject of an alert rule.';
