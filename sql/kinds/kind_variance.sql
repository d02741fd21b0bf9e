create or replace function rollup_internal.kind_variance(m rollup_internal.measure, population text default 'false')
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from rollup_internal.moment_columns(m, population, '%s');
end
$$;
comment on function rollup_internal.kind_variance(rollup_internal.measure, text) is
    'The variance of a sample or, with population, of the whole population.';
