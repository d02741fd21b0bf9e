create or replace function rollup_analytics_internal.is_silenced(rule_name text, of_subject text, at timestamptz)
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from rollup_analytics.alert_silences s
         where (s.rule is null or s.rule = rule_name)
           and (s.subject is null or s.subject = of_subject)
           and s.silent_from <= at and at < s.silent_to);
$$;
comment on function rollup_analytics_internal.is_silenced(text, text, timestamptz) is 'Whether a silence covers an alert at a time.';
