create or replace function rollup_internal.kind_quantiles(m rollup_internal.measure, compression text default '100')
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c rollup_internal.measure_column;
    size constant int := rollup_internal.integer_option(m, 'compression', compression, 10, 10000);
    number text;
    percentile text;
    digest_schema name;
begin
    m := rollup_internal.parse_argument(m);
    if not rollup_internal.is_number(m.argument_type) then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I: quantiles are of numbers, not of %s', m.name, m.argument_type),
            hint = 'Of an interval: {"quantiles": "extract(epoch from duration)"}.';
    end if;
    number := format('(%s)::double precision', m.argument);
    digest_schema := rollup_internal.ensure_tdigest(m.name);
    c.column_name := m.name;
    c.column_type := format('%I.tdigest', digest_schema);
    -- The extension loops endlessly on a NaN, and an infinity has no average. Sums of numbers from 1e290 on could overflow.
    c.expression := format('%I.tdigest(%s, %s)', digest_schema, number, size)
                    || rollup_internal.filter_text(m, format('abs(%s) < 1e290', number));
    -- tdigest_union is strict: without coalesce, NULL would remain NULL.
    c.merge := format('coalesce(%I.tdigest_union(%%1$s, %%2$s), %%1$s, %%2$s)', digest_schema);
    c.combine := rollup_internal.combine_text(
        format('(select %I.tdigest(s) from unnest(array_agg(%%1$s)) s)', digest_schema));
    c.differs := 'rollup_internal.quantiles_differ(%1$s::double precision[], %2$s::double precision[])';
    c.display := format('%1$I.tdigest_count(%%1$s) || '' values, mean '' || %1$I.tdigest_digest_avg(%%1$s)', digest_schema);
    percentile := format('(select %I.tdigest_percentile(d.digest, %%s) from (values (%%%%1$s.%s)) d (digest))',
                         digest_schema, replace(rollup_internal.column_name(m), '%', '%%'));
    c.shown := (select json_object_agg(m.name || '_p' || p, format(percentile, p / 100.0))
                  from unnest('{50,90,95,99}'::int[]) p);
    c.metrics := (select json_object_agg(m.name || '_p' || p, format(
                      '%I.tdigest_percentile(%s, %s)', digest_schema, rollup_internal.column_name(m), round(p / 100.0, 2)))
                    from unnest('{50,90,95,99}'::int[]) p);
    return next c;
end
$$;
comment on function rollup_internal.kind_quantiles(rollup_internal.measure, text) is
    'The distribution of values, as a t-digest.';
