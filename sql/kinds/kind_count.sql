create or replace function rollup_internal.kind_count(m rollup_internal.measure)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c rollup_internal.measure_column;
begin
    if m.argument <> '*' then
        m := rollup_internal.parse_argument(m);
    end if;
    c.column_name := m.name;
    c.column_type := 'bigint';
    c.expression := format('count(%s)%s', m.argument, rollup_internal.filter_text(m));
    c.merge := 'coalesce(%1$s + %2$s, %1$s, %2$s)';
    c.combine := 'sum(%1$s)::bigint';
    c.neutral := json_build_object(m.name, 0);
    return next c;
end
$$;
comment on function rollup_internal.kind_count(rollup_internal.measure) is
    'The number of events, or of those whose value is not NULL.';
