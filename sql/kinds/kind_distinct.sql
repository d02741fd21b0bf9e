create or replace function rollup_internal.kind_distinct(m rollup_internal.measure, log2m text default '11')
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c rollup_internal.measure_column;
    hll_schema constant name := rollup_internal.extension_schema('hll');
    cardinality constant text := format('round(%I.hll_cardinality(%%s))::bigint', hll_schema);
    size constant int := rollup_internal.integer_option(m, 'log2m', log2m, 4, 17);
begin
    m := rollup_internal.parse_argument(m);
    c.column_name := m.name;
    c.column_type := format('%I.hll(%s,5,-1,1)', hll_schema, size);
    -- All parameters are explicit: sketches made with other defaults of a session cannot be merged.
    c.expression := format('%I.hll_add_agg(%s, %s, 5, -1, 1)', hll_schema, rollup_internal.hll_hash_expression(m), size)
                    || rollup_internal.filter_text(m);
    -- hll_union is strict: without coalesce, NULL would remain NULL.
    c.merge := format('coalesce(%I.hll_union(%%1$s, %%2$s), %%1$s, %%2$s)', hll_schema);
    c.combine := rollup_internal.combine_text(
        format('(select %I.hll_union_agg(s) from unnest(array_agg(%%1$s)) s)', hll_schema));
    c.differs := '%1$s::text is distinct from %2$s::text';
    c.display := '''about '' || ' || format(cardinality, '%1$s');
    c.shown := json_build_object(m.name, format(cardinality, '%1$s.' || rollup_internal.column_name(m)));
    c.neutral := json_build_object(m.name, 0);
    return next c;
end
$$;
comment on function rollup_internal.kind_distinct(rollup_internal.measure, text) is
    'The number of distinct values, as a HyperLogLog sketch.';
