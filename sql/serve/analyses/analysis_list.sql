-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.analysis_list()
    returns json
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return json_build_object('analyses', case when to_regnamespace('rollup_analytics') is null then '[]'::json
                                              else '["funnel", "retention", "anomalies", "alerts"]' end);
end
$$;
comment on function rollup_serve.analysis_list() is 'What rollup_serve.resolve_analysis knows; nothing where the analytics are not installed.';
reset citus.enable_ddl_propagation;
