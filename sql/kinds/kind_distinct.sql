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
    of_few constant text := format('rollup_compat.distinct_agg_%s', size);
    filter constant text := rollup_internal.filter_text(m);
    value_hash text;
begin
    m := rollup_internal.parse_argument(m);
    c.column_name := m.name;
    c.column_type := format('%I.hll(%s,5,-1,1)', hll_schema, size);
    -- All parameters are explicit: sketches made with other defaults of a session cannot be merged.
    value_hash := rollup_internal.hll_hash_expression(m);
    c.expression := format('%I.hll_add_agg(%s, %s, 5, -1, 1)', hll_schema, value_hash, size) || filter;
    -- Before hll was created, the aggregate could not be. A group without values has no sketch.
    if to_regprocedure(format('%s(%I.hll_hashval)', of_few, hll_schema)) is not null then
        c.of_few := rollup_internal.fill_template(
            'case when count(*){filter} between 1 and 100 then (select {of_few}(h) from unnest(array_agg({hash}){filter}) h)'
            ' else (select {hll}.hll_add_agg(h, {size}, 5, -1, 1) from unnest(array_agg({hash}){filter}) h) end',
            jsonb_build_object('filter', filter, 'of_few', of_few, 'hash', value_hash, 'hll', quote_ident(hll_schema),
                               'size', size));
    end if;
    -- hll_union is strict: without coalesce, NULL would remain NULL.
    c.merge := format('coalesce(%I.hll_union(%%1$s, %%2$s), %%1$s, %%2$s)', hll_schema);
    c.combine := rollup_internal.combine_text(
        format('(select %I.hll_union_agg(s) from unnest(array_agg(%%1$s)) s)', hll_schema));
    c.differs := '%1$s::text is distinct from %2$s::text';
    c.display := '''about '' || ' || format(cardinality, '%1$s');
    c.shown := json_build_object(m.name, format(cardinality, '%1$s.' || rollup_internal.column_name(m)));
    c.metrics := json_build_object(m.name, format(cardinality, format(
        '%I.hll_union_agg(%s)', hll_schema, rollup_internal.column_name(m))));
    c.neutral := json_build_object(m.name, 0);
    return next c;
end
$$;
comment on function rollup_internal.kind_distinct(rollup_internal.measure, text) is
    'The number of distinct values, as a HyperLogLog sketch.';
