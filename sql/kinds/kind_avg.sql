-- Averages cannot be merged, but sums and counts can.
create or replace function rollup_internal.kind_avg(m rollup_internal.measure)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c rollup_internal.measure_column;
    total rollup_internal.measure := rollup_internal.parse_argument(m);
    number rollup_internal.measure := total;
    -- avg() of whole numbers is numeric.
    result_cast constant text := case rollup_internal.aggregate_type(total, total.kind) when 'numeric' then '::numeric' else '' end;
begin
    total.name := m.name || '_sum';
    total.kind := 'sum';
    if total.argument_type = 'real' then  -- as avg() does
        total.argument := format('(%s)::double precision', total.argument);
    end if;
    number.name := m.name || '_count';

    c := rollup_internal.kind_sum(total);
    c.shown := json_build_object(
        m.name, format('%%1$s.%s%s / nullif(%%1$s.%s, 0)', rollup_internal.column_name(total), result_cast,
                       rollup_internal.column_name(number)),
        total.name, '%1$s.' || rollup_internal.column_name(total));
    c.metrics := json_build_object(
        m.name, format('sum(%s)%s / nullif(sum(%s), 0)', rollup_internal.column_name(total), result_cast,
                       rollup_internal.column_name(number)),
        total.name, format(c.combine, rollup_internal.column_name(total)));
    return next c;
    return query select * from rollup_internal.kind_count(number);
end
$$;
comment on function rollup_internal.kind_avg(rollup_internal.measure) is
    'An average, stored as a sum and a count.';
