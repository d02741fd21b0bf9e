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
    q record;
    within interval;
begin
    if rule is not null and not exists (select from rollup_analytics.velocity_rules x where x.rule = velocity.rule) then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no velocity rule %L', rule),
            hint = 'Rules are rows of rollup_analytics.velocity_rules.';
    end if;
    for v in select * from rollup_analytics.velocity_rules x where rule is null or x.rule = velocity.rule order by x.rule loop
        select * into q from rollup_analytics_internal.question(v.source, tenant, range_from, range_to);
        within := rollup_analytics_internal.validate_length('within', v.within);
        return query execute rollup_internal.fill_template(
            $text$select {rule}, k, t, events, total
  from (
    select k, t, count(*) over w as events, sum(value) over w as total
      from (select ({key})::text collate "C" as k, {time} as t, ({value})::numeric as value
              from {relation}
             where {history}
               and {condition}
               and ({key}) is not null) e
    window w as (partition by k order by t range between interval {within} preceding and current row)) e
 where t >= {range_from}
   and {limit}
 order by t, k$text$,
            jsonb_build_object(
                'rule', quote_literal(v.rule),
                'key', rollup_analytics_internal.validate_expression(q.relation, 'key', v.key),
                'time', quote_ident(q.time_column),
                'value', case when v.value is null then 'null' else rollup_analytics_internal.validate_expression(q.relation, 'value', v.value) end,
                'relation', q.relation,
                'history', rollup_internal.all_of(
                    rollup_internal.bounds_conditions(quote_ident(q.time_column), tstzrange(range_from - within, range_to))
                    || q.tenant_condition),
                'condition', rollup_analytics_internal.validate_condition(q.relation, 'condition', v.condition),
                'within', quote_literal(within),
                'range_from', quote_literal(range_from),
                'limit', concat_ws(' and ', 'events >= ' || v.events, 'total >= ' || v.total)));
    end loop;
end
$$;
comment on function rollup_analytics.velocity(text, timestamptz, timestamptz, text) is
    'Events by which a rule of rollup_analytics.velocity_rules was broken: with the ones before, up to the interval of the '
    'rule inclusive, there were at least so many events of a key, or so high a total. Limits that are both given must '
    'both be reached.';
