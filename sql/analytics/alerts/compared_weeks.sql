create or replace function rollup_analytics_internal.compared_weeks(kind text, weeks int)
    returns int
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return case kind when 'change' then 1 when 'zscore' then coalesce(weeks, 8) else 0 end;
comment on function rollup_analytics_internal.compared_weeks(text, int) is
    'How many weeks before a kind of alert rule compares with.';
