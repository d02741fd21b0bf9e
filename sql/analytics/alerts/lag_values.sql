-- What a rollup is behind now; the past is not recorded.
create or replace function rollup_analytics_internal.lag_values(rules text[], at timestamptz)
    returns table (rule text, at timestamptz, subject text, weeks_ago int, value numeric)
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
    select a.rule, lag_values.at, s.name, 0, s.lag_seconds
      from rollup_analytics.alert_rules a
      join (select x.name, x.lag_seconds from rollup.status x
             where exists (select from rollup_analytics.alert_rules k where k.rule = any (rules))) s
        on a.rollup is null or s.name = a.rollup
     where a.rule = any (rules);
$$;
comment on function rollup_analytics_internal.lag_values(text[], timestamptz) is
    'How many seconds the rollups of rules are behind.';
