create or replace function rollup_internal.kind_sum(m rollup_internal.measure)
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
    c.column_type := rollup_internal.aggregate_type(m, m.kind);
    c.expression := format('sum(%s)%s', m.argument, rollup_internal.filter_text(m));
    c.merge := 'coalesce(%1$s + %2$s, %1$s, %2$s)';
    c.combine := 'sum(%1$s)::' || c.column_type;  -- the sum of sums may have a wider type
    if c.column_type in ('real', 'double precision') then
        c.differs := 'rollup_internal.float_differs(%1$s, %2$s, %5$s)';
        c.tolerance := format('rollup_internal.sum_tolerance(%s, %s, %s, %L)',
                              format('count(%s)%s', m.argument, rollup_internal.filter_text(m)),
                              format('sum(abs(%1$s)::double precision)%2$s', m.argument,
                                     rollup_internal.filter_text(m, format('abs(%s)::double precision < 1e290', m.argument))),
                              format('max(abs(%s)::double precision)%s', m.argument, rollup_internal.filter_text(m)),
                              c.column_type);
    end if;
    c.neutral := json_build_object(m.name, 0);
    return next c;
end
$$;
comment on function rollup_internal.kind_sum(rollup_internal.measure) is 'The sum.';
