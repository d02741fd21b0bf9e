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
    c.column_type := rollup_internal.aggregate_type(m, rollup_internal.extreme_aggregate(m.kind, m.argument_type));
    perform rollup_internal.validate_held_type(m, c.column_type);
    c.expression := format('%s(%s)%s', rollup_internal.extreme_aggregate(m.kind, m.argument_type), m.argument, rollup_internal.filter_text(m));
    c.merge := 'least(%1$s, %2$s)';
    c.combine := rollup_internal.extreme_aggregate(m.kind, m.argument_type) || '(%1$s)';
    c.differs := rollup_internal.inequality_text(c.column_type);
    return next c;
end
$$;
comment on function rollup_internal.kind_min(rollup_internal.measure) is 'The smallest value.';
