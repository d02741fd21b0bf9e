create or replace trigger validate_alert_rule
    before insert or update on rollup_analytics.alert_rules
    for each row execute function rollup_analytics_internal.validate_alert_rule();
