create or replace function rollup_internal.kind_last(m rollup_internal.measure)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from rollup_internal.extreme_event_columns(m, 'max', 'order by %s desc nulls last, %s desc nulls last', '>');
end
$$;
comment on function rollup_internal.kind_last(rollup_internal.measure) is
    'The value of the latest event that has one, with its time and id.';
