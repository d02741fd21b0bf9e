create or replace function rollup_analytics.silence_alerts(
    duration interval, rule text default null, subject text default null, reason text default null)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    number bigint;
begin
    if rule is not null then
        perform rollup_analytics_internal.get_alert_rule(rule);
    end if;
    if duration is null or duration <= interval '0' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a silence must be longer than zero, not %s', coalesce(duration::text, 'NULL')),
            hint = 'Such as ''2 hours''.';
    end if;
    insert into rollup_analytics.alert_silences (rule, subject, silent_to, reason)
    values (rule, subject, now() + duration, reason)
    returning id into number;
    return number;
end
$$;
comment on function rollup_analytics.silence_alerts(interval, text, text, text) is
    'Silences alerts from now on for some time, of one rule or all, for one subject or all, and returns the id of the silence. '
    'Delete the row of rollup_analytics.alert_silences to end it early.';
