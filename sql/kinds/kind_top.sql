create or replace function rollup_internal.kind_top(
    m rollup_internal.measure, counters text default '1000', weight text default null)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c rollup_internal.measure_column;
    size constant int := rollup_internal.integer_option(m, 'counters', counters, 1, 14913080);
    in_place_list constant text := '(select rollup_internal.top_cut(jsonb_object_agg(k, n), count(*), %s) from (%s) top)';
    weight_type text;
    own constant text := rollup_internal.column_name(m);
    topn_schema constant name := rollup_internal.extension_schema('topn');
    item_text text;
    filter constant text := rollup_internal.filter_text(m);
begin
    m := rollup_internal.parse_argument(m);
    if rollup_internal.has_own_equality(m.source, m.argument, m.argument_type) then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I: equal values of %s may be different texts, and a list is of texts',
                             m.name, m.argument),
            hint = format(E'List one text for each: {"%s": "lower((%s)::text collate \\"C\\")"}.', m.kind, m.argument);
    end if;
    item_text := format(case m.argument_type when 'text' then '%s' else '(%s)::text' end, m.argument);
    c.column_name := m.name;
    c.column_type := 'jsonb';
    c.merge := format('rollup_internal.top_union(%%1$s, %%2$s, %s)', size);
    c.combine := rollup_internal.combine_text(format('rollup_internal.top_merge(array_agg(%%1$s), %s)', size));
    c.differs := format('rollup_internal.top_differs(%%1$s, %%2$s, %s)', size);
    c.shown := json_build_object(
        m.name || '_item', format('rollup.top_item(%%1$s.%s)', own),
        m.name || '_value', format('rollup.top_value(%%1$s.%s)', own),
        m.name || '_list', format('rollup.top_text(%%1$s.%s)', own));
    if weight is not null then
        weight := rollup_internal.quote_if_column(m.source, weight);
        weight_type := rollup_internal.expression_type(m.source, weight);
        if not rollup_internal.is_number(weight_type) then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: the weight must be a number, not %s', m.name, weight_type);
        end if;
        -- Items are collected, so long ones are cut before, not after.
        c.expression := format('rollup_internal.top_from_items(%s, %s, %s)',
                               format('array_agg(case when octet_length(%1$s) <= 255 then %1$s '
                                      'else rollup_internal.top_key(%1$s) end)%2$s', item_text, filter),
                               format('array_agg((%s)::numeric)%s', weight, filter), size);
        c.differs := format('rollup_internal.top_differs(%%1$s, %%2$s, %s, true)', size);
        return next c;
        return;
    end if;

    c.settings := jsonb_build_object('topn.number_of_counters', size);
    if topn_schema is not null then
        c.expression := format('%I.topn_add_agg(%s)%s', topn_schema, item_text, filter);
        c.combine := rollup_internal.combine_text(
            format('(select %I.topn_union_agg(s) from unnest(array_agg(%%1$s)) s)', topn_schema));
    elsif rollup_internal.is_distributed(m.source) then
        -- Citus pushes down only immutable functions outside of an aggregate's argument. Casts to text often are
        -- only stable.
        c.expression := format('rollup_compat.topn_add_agg(%s)%s',
                               case when rollup_internal.is_number(m.argument_type) then item_text
                                    else format('rollup_compat.topn_item_key(%s)', item_text) end, filter);
    else
        -- A function call for each group would take as long as counting ten values does.
        c.expression := format(in_place_list, size, format(
            'select k, count(*) as n from unnest(array_agg(%s)%s) k where k is not null group by 1',
            case when m.argument_type in ('smallint', 'integer', 'bigint') then m.argument
                 else format('rollup_compat.topn_item_key((%s)::text) collate "C"', m.argument) end,
            filter));
        c.combine := rollup_internal.combine_text(format(in_place_list, size,
            'select p.key collate "C" as k, sum(p.value::bigint) as n'
            ' from unnest(array_agg(%1$s)) l, jsonb_each(l) p group by 1'));
    end if;
    return next c;
end
$$;
comment on function rollup_internal.kind_top(rollup_internal.measure, text, text) is
    'The most frequent values with their frequencies, or those with the largest total weight.';
