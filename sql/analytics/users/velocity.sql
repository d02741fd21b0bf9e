-- Each rule is one statement over its own source; a window is the time up to and including each event.
create or replace function rollup_analytics.velocity(
    tenant text default null, range_from timestamptz default null, range_to timestamptz default null, rule text default null)
    returns table (of_rule text, key text, at timestamptz, events bigint, total numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
as $$
#variable_conflict use_variable
declare
    v rollup_analytics.velocity_rules;
begin
    if rule is not null and not exists (select from rollup_analytics.velocity_rules x where x.rule = velocity.rule) then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no velocity rule %L', rule),
            hint = 'Rules are rows of rollup_analytics.velocity_rules.';
    end if;
    for v in select * from rollup_analytics.velocity_rules x where rule is null or x.rule = velocity.rule order by x.rule loop
        perform rollup_analytics_internal.question(v.source, tenant, range_from, range_to);
        return query execute rollup_internal.fill_template(
            'select {rule}, k, t, events, total from ({breaks}) b order by t, k',
            jsonb_build_object('rule', quote_literal(v.rule),
                               'breaks', rollup_analytics_internal.velocity_text(v, tenant, range_from, range_to)));
    end loop;
end
$$;
comment on function rollup_analytics.velocity(text, timestamptz, timestamptz, text) is
    'Events by which a rule of rollup_analytics.velocity_rules was broken: with the ones before, up to the interval of the '
    'rule inclusive, there were at least so many events of a key, or so high a total. Limits that are both given must '
    'both be reached.';
