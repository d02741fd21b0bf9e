-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.funnel_rows(q jsonb)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    source constant regclass := 'public.events';
    steps constant text[] := array(select jsonb_array_elements_text(q -> 'step'));
    breakdown constant text := q ->> 'breakdown';
begin
    if breakdown is not null then
        perform rollup_serve.step_condition(source, concat(breakdown, ':'));
    end if;
    return (
        select coalesce(json_agg(json_build_object(
                   'step', f.step, 'name', steps[f.step], 'breakdown', f.breakdown, 'users', f.users, 'open', f.open,
                   'of_first', f.of_first, 'of_previous', f.of_previous, 'median_seconds', f.median_seconds,
                   'p90_seconds', f.p90_seconds)), '[]')
          from rollup_analytics.funnel(
                   array(select rollup_serve.step_condition(source, s.step) from unnest(steps) with ordinality s (step, n) order by s.n),
                   coalesce(q ->> 'within', '1 day')::interval, mode => coalesce(q ->> 'mode', 'ordered'),
                   ties => coalesce(q ->> 'ties', 'any'), breakdown => quote_ident(breakdown), tenant => q ->> 'tenant',
                   range_from => (q ->> 'from')::timestamptz, range_to => (q ->> 'to')::timestamptz,
                   source => source::text,
                   exclude => array(select rollup_serve.step_condition(source, x) from jsonb_array_elements_text(q -> 'exclude') x)) f);
end
$$;
comment on function rollup_serve.funnel_rows(jsonb) is 'The rows of a funnel that rollup_serve.resolve_analysis has resolved.';
reset citus.enable_ddl_propagation;
