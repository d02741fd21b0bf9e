-- On Citus the function stays on the coordinator, where the rules are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_analytics_internal.get_alert_rule(rule_name text)
    returns rollup_analytics.alert_rules
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    found_one rollup_analytics.alert_rules;
begin
    select * into found_one from rollup_analytics.alert_rules a where a.rule = rule_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no alert rule %L', rule_name),
            hint = coalesce('There are: ' || (select string_agg(a.rule, ', ' order by a.rule) from rollup_analytics.alert_rules a),
                            'Rules are rows of rollup_analytics.alert_rules.');
    end if;
    return found_one;
end
$$;
comment on function rollup_analytics_internal.get_alert_rule(text) is 'An alert rule. Raises undefined_object if there is none.';
reset citus.enable_ddl_propagation;
