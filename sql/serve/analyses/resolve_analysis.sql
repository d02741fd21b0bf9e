-- Ranges are widened to whole minutes, so that the same question within a minute is the same resolved question.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.resolve_analysis(kind text, question jsonb, out resolved jsonb, out version text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
as $$
#variable_conflict use_variable
declare
    source constant regclass := to_regclass('public.events');
    tenant text;
    zone text;
    range_from timestamptz;
    range_to timestamptz;
begin
    if to_regnamespace('rollup_analytics') is null then
        raise exception using
            errcode = 'undefined_object',
            message = 'the analytics are not installed', hint = 'Run rollupctl install --analytics.';
    end if;
    select t.tenant, t.zone into tenant, zone from rollup_serve.asked_tenant(question) t;
    if kind <> 'alerts' then
        if tenant is null and kind <> 'anomalies' then
            raise exception using
                errcode = 'null_value_not_allowed',
                message = 'site_id required', hint = 'This question is about one site.';
        end if;
        select a.range_from, a.range_to into range_from, range_to from rollup_serve.asked_range(question, zone) a;
        range_from := date_trunc('minute', range_from);
        range_to := date_trunc('minute', range_to + interval '1 minute' - interval '1 microsecond');
    end if;
    resolved := question || jsonb_build_object('analysis', kind, 'tenant', tenant, 'time_zone', zone,
                                               'from', range_from, 'to', range_to);
    version := case
        when kind = 'alerts' then md5(rollup_serve.alert_rows(resolved)::text)
        when kind = 'anomalies' then rollup_serve.version_of((rollup_internal.get_rollup(question ->> 'rollup')).name)
        else concat_ws(' ', rollup_serve.writes_of(source), (
            select max(pg_sequence_last_value(r.id_sequence)) from rollup_internal.rollups r where r.source = source)) end;
end
$$;
comment on function rollup_serve.resolve_analysis(text, jsonb) is
    'A question of the analytics with everything that was left out or relative made explicit, and what differs when the '
    'answer may. kind: funnel, retention, anomalies or alerts.';
reset citus.enable_ddl_propagation;
