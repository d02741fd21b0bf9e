-- On Citus the function stays on the coordinator, where the rules are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_analytics_internal.velocity_text(
    v rollup_analytics.velocity_rules, tenant text, range_from timestamptz, range_to timestamptz)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
as $$
#variable_conflict use_variable
declare
    relation regclass;
    tenant_column name;
    time_column name;
    within constant interval := rollup_analytics_internal.validate_length('within', v.within);
begin
    select s.relation, s.tenant_column, s.time_column into relation, tenant_column, time_column
      from rollup_analytics_internal.source_columns(v.source) s;
    return rollup_internal.fill_template(
        $text$select tenant, k, t, events, total
  from (
    select tenant, k, t, count(*) over w as events, sum(value) over w as total
      from (select {tenant} as tenant, ({key})::text collate "C" as k, {time} as t, ({value})::numeric as value
              from {relation}
             where {history}
               and {condition}
               and ({key}) is not null) e
    window w as (partition by tenant, k order by t range between interval {within} preceding and current row)) e
 where t >= {range_from}
   and {limit}$text$,
        jsonb_build_object(
            'tenant', quote_ident(tenant_column),
            'key', rollup_analytics_internal.validate_expression(relation, 'key', v.key),
            'time', quote_ident(time_column),
            'value', case when v.value is null then 'null' else rollup_analytics_internal.validate_expression(relation, 'value', v.value) end,
            'relation', relation,
            'history', rollup_internal.all_of(
                rollup_internal.bounds_conditions(quote_ident(time_column), tstzrange(range_from - within, range_to))
                || case when tenant is not null then (
                       select q.tenant_condition from rollup_analytics_internal.question(v.source, tenant, range_from, range_to) q) end),
            'condition', rollup_analytics_internal.validate_condition(relation, 'condition', v.condition),
            'within', quote_literal(within),
            'range_from', quote_literal(range_from),
            'limit', concat_ws(' and ', 'events >= ' || v.events, 'total >= ' || v.total)));
end
$$;
comment on function rollup_analytics_internal.velocity_text(rollup_analytics.velocity_rules, text, timestamptz, timestamptz) is
    'SQL for the events by which a velocity rule was broken, of one tenant or, with NULL, of all.';
reset citus.enable_ddl_propagation;
