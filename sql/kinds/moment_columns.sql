-- Squares of numbers from 1e140 on overflow, so such numbers are ignored, as are NaN and the infinities.
-- PostgreSQL's aggregates are exact for integers and numerics, but not accurate enough for doubles: for values
-- around 1e9 with a standard deviation of 1, the relative error of the variance is about 1e-8.
create or replace function rollup_internal.moment_columns(m rollup_internal.measure, population text, result text)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c rollup_internal.measure_column;
    is_float boolean;
    number constant text := rollup_internal.column_name(m, '_count');
    mean constant text := rollup_internal.column_name(m, '_mean');
    m2 constant text := rollup_internal.column_name(m, '_m2');
    divisor constant text := format(case when rollup_internal.boolean_option(m, 'population', population)
                                         then '%%1$s.%s' else '(%%1$s.%s - 1)' end, number);
    variance constant text := format('%%1$s.%s / nullif(%s, 0)', m2, divisor);
    united_m2 constant text := format(
        'rollup_internal.combine_m2(sum(%%1$s), sum(%1$s), sum(%1$s * %2$s), sum(%1$s * %2$s * %2$s))', number, mean);
    united_mean constant text := format('rollup_internal.mean_quotient(sum(%s * %%1$s), sum(%1$s))', number);
    parts text;
    filter text;
begin
    m := rollup_internal.parse_argument(m);
    if not rollup_internal.is_number(m.argument_type) then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I: there is no %s of %s', m.name, m.kind, m.argument_type);
    end if;
    is_float := rollup_internal.base_type(m.argument_type::regtype)::text in ('real', 'double precision');
    parts := format('rollup_internal.high_part(%1$s), rollup_internal.low_part(%1$s)', m.argument);
    filter := rollup_internal.filter_text(m,
        case when m.argument_type not in ('smallint', 'integer', 'bigint') then format('abs(%s) < 1e140', m.argument) end);

    c.column_name := m.name || '_count';
    c.column_type := 'bigint';
    c.expression := format('count(%s)%s', m.argument, filter);
    c.merge := 'coalesce(%1$s + %2$s, %1$s, %2$s)';
    c.combine := 'sum(%1$s)::bigint';
    c.shown := json_build_object(format('%s_%s', m.name, m.kind), format(result, variance),
                                 c.column_name, '%1$s.' || number);
    c.metrics := json_build_object(
        format('%s_%s', m.name, m.kind), format(result, format(
            '%s / nullif(sum(%s)%s, 0)', format(united_m2, m2), number,
            case when not rollup_internal.boolean_option(m, 'population', population) then ' - 1' else '' end)),
        c.column_name, format(c.combine, number));
    c.neutral := json_build_object(c.column_name, 0);
    return next c;

    c.column_name := m.name || '_mean';
    c.column_type := 'numeric';
    c.expression := case when is_float then format('rollup_internal.mean_agg(%s)%s', parts, filter)
        else format('rollup_internal.mean_quotient(sum(%1$s)%2$s, count(%1$s)%2$s)', m.argument, filter) end;
    c.merge := format('rollup_internal.merge_means(%s, %s)', format('%%3$s.%s, %%1$s', number),
                      format('%%4$s.%s, %%2$s', number));
    c.combine := united_mean;
    c.differs := format('rollup_internal.mean_differs(%%1$s, %s, %%4$s)', case when is_float then '1e-9' else '1e-18' end);
    c.display := 'round(%1$s, 20)::text';
    c.shown := json_build_object(c.column_name, format('%%1$s.%s::double precision', mean));
    c.metrics := json_build_object(c.column_name, format('%s::double precision', format(united_mean, mean)));
    c.neutral := null;
    return next c;

    c.column_name := m.name || '_m2';
    c.column_type := 'double precision';
    c.expression := case when is_float then format('rollup_internal.m2_agg(%s)%s', parts, filter)
        else format('rollup_internal.to_double(var_pop(%1$s)%2$s * count(%1$s)%2$s)', m.argument, filter) end;
    c.merge := format('rollup_internal.merge_m2(%s, %s)',
                      format('%%3$s.%s, %%3$s.%s, %%1$s', number, mean),
                      format('%%4$s.%s, %%4$s.%s, %%2$s', number, mean));
    c.combine := united_m2;
    c.differs := 'rollup_internal.m2_differs(%1$s, %4$s)';
    c.display := null;
    c.shown := '{}';
    c.metrics := null;
    return next c;
end
$$;
comment on function rollup_internal.moment_columns(rollup_internal.measure, text, text) is
    'The columns of a measure of spread: the number of values, their mean and the sum of their squared '
    'deviations. result is a format string that turns the variance into the number shown.';
