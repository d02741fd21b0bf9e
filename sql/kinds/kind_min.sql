create or replace function rollup_internal.kind_min(m rollup_internal.measure)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c rollup_internal.measure_column;
begin
    m := rollup_internal.parse_argument(m);
    c.column_name := m.name;
    c.column_type := rollup_internal.aggregate_type(m);
    perform rollup_internal.validate_held_type(m, c.column_type);
    c.expression := format('min(%s)%s', m.argument, rollup_internal.filter_text(m));
    c.merge := 'least(%1$s, %2$s)';
    c.combine := 'min(%1$s)';
    return next c;
end
$$;
comment on function rollup_internal.kind_min(rollup_internal.measure) is 'The smallest value.';
