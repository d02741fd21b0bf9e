create or replace function rollup_analytics_internal.measure_column(measures jsonb, wanted jsonb)
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.quote_ident(m.key) from pg_catalog.jsonb_each(measures) m where m.value = wanted order by m.key limit 1;
end;
comment on function rollup_analytics_internal.measure_column(jsonb, jsonb) is
    'The column of a rollup that holds a measure, whatever its name; NULL if none does.';
