create or replace function rollup_internal.kind_first(m rollup_internal.measure)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from rollup_internal.extreme_event_columns(m, 'min', 'order by %s, %s', '<');
end
$$;
comment on function rollup_internal.kind_first(rollup_internal.measure) is
    'The value of the earliest event that has one, with its time and id.';
