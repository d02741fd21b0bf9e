-- What each kind of measure is: the columns that hold it, how they are made from events, how two
-- values become one, and the plain numbers a reader is shown. The one place to add a kind.
--
-- Most merges are written coalesce(merged, old, new): the sketches' functions answer NULL when
-- either side is NULL, and a NULL would stay for ever.
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.measure_columns(
    r rollup_internal.rollups, measure_name text, spec json,
    out column_name text, out column_type text, out expression text, out merge text, out combine text,
    out differs text, out display text, out shown json)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    kinds constant text[] := '{count,sum,min,max,avg,distinct,top,quantiles,first,last}';
    options constant jsonb := '{"distinct": ["log2m"], "top": ["counters", "weight"], "quantiles": ["compression"]}';
    numbers constant text[] := '{smallint,integer,bigint,numeric,real,double precision}';
    -- Uniting sketches and lists is dear; a group of one row has nothing to unite.
    united constant text := 'case count(*) when 1 then (array_agg(%%1$s))[1] else %s end';
    sketches constant text := '(select %I.%s(s) from unnest(array_agg(%%1$s)) s)';
    -- A list is sorted only if it is too long.
    in_place_list constant text := '(select case when count(*) > %1$s then rollup_internal.top_truncate(jsonb_object_agg(k, n), %1$s) '
                                   'else coalesce(jsonb_object_agg(k, n), ''{}'') end from (%2$s) top)';
    either constant text := 'coalesce(%s, %%1$s, %%2$s)';
    kind text;
    argument text;
    argument_type text;
    unknown text;
    condition text := '';
    found_type text;
    log2m int;
    counters int;
    weight text;
    in_place boolean;
    compression int;
    average text;
    nearest text;
    digest_schema name;
    hll_schema constant name := rollup_internal.extension_schema('hll');
    topn_schema constant name := rollup_internal.extension_schema('topn');
    event_time constant text := quote_ident(r.time_column);
    event_id constant text := quote_ident(r.id_column);
    -- Columns as they stand in format strings.
    own constant text := replace(quote_ident(measure_name), '%', '%%');
    own_sum constant text := replace(quote_ident(measure_name || '_sum'), '%', '%%');
    own_count constant text := replace(quote_ident(measure_name || '_count'), '%', '%%');
    own_at constant text := replace(quote_ident(measure_name || '_at'), '%', '%%');
    own_id constant text := replace(quote_ident(measure_name || '_id'), '%', '%%');
begin
    if json_typeof(spec) is distinct from 'object' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I must be an object such as {"count": "*"}, not %s', measure_name, spec);
    end if;
    select k into kind from json_object_keys(spec) k where k = any (kinds) limit 1;
    if kind is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I does not say what it measures: %s', measure_name, spec),
            hint = 'Say one of ' || array_to_string(kinds, ', ') || ', for example {"distinct": "device_id"}.';
    end if;
    select k into unknown from json_object_keys(spec) k
     where k not in (kind, 'where') and not coalesce(options -> kind ? k, false) limit 1;
    if unknown is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s does not take %L', measure_name, kind, unknown),
            hint = format('Options: %s.', concat_ws(', ', 'where', (
                select string_agg(o, ', ') from jsonb_array_elements_text(options -> kind) o)));
    end if;
    argument := spec ->> kind;
    if argument is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s of what?', measure_name, kind),
            hint = format('{"%s": "column or expression"}', kind);
    end if;
    if not (kind = 'count' and argument = '*') then
        argument := rollup_internal.quote_if_column(r.source, argument);
        argument_type := rollup_internal.expression_type(r.source, argument);
    end if;
    if spec ->> 'where' is not null then
        if rollup_internal.expression_type(r.source, spec ->> 'where') <> 'boolean' then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: "where" must be a condition', measure_name);
        end if;
        condition := format(' filter (where %s)', spec ->> 'where');
    end if;
    if kind in ('sum', 'min', 'max', 'avg') then
        begin
            execute format('select format_type(pg_typeof(%s(%s)), -1) from (select (null::%s).*) %I',
                           kind, argument, r.source, (select relname from pg_class where oid = r.source))
               into found_type;
        exception when undefined_function then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: there is no %s of %s', measure_name, kind, argument_type);
        end;
    end if;

    if kind in ('min', 'max', 'first', 'last') and coalesce(found_type, argument_type) like '%[]' then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('measure %I: %s of %s cannot be held', measure_name, kind, argument_type),
            hint = format('Take it as jsonb: {"%s": "to_jsonb(…)"}, or as text.', kind);
    end if;

    column_name := measure_name;
    differs := '%1$s is distinct from %2$s';
    display := '%1$s::text';
    shown := json_build_object(measure_name, format('%%1$s.%s', own));
    case kind
    when 'count' then
        column_type := 'bigint';
        expression := format('count(%s)', argument) || condition;
        merge := format(either, '%1$s + %2$s');
        combine := 'sum(%1$s)::bigint';
        return next;
    when 'sum', 'min', 'max' then
        column_type := found_type;
        expression := format('%s(%s)', kind, argument) || condition;
        merge := format(either, case kind when 'sum' then '%1$s + %2$s' when 'min' then 'least(%1$s, %2$s)'
                                          else 'greatest(%1$s, %2$s)' end);
        -- The sum of sums may have a wider type.
        combine := kind || '(%1$s)' || case kind when 'sum' then '::' || column_type else '' end;
        if kind = 'sum' and column_type in ('real', 'double precision') then
            differs := 'rollup_internal.float_differs(%1$s, %2$s)';
        end if;
        return next;
    when 'avg' then
        -- A sum and a count, which merge. avg() adds reals up as double precision, and so do we.
        if argument_type = 'real' then
            argument := format('(%s)::double precision', argument);
        end if;
        average := format('%%1$s.%s%s / nullif(%%1$s.%s, 0)', own_sum,
                          case found_type when 'numeric' then '::numeric' else '' end, own_count);
        return query
            select p.column_name, p.column_type, p.expression, p.merge, p.combine, p.differs, p.display,
                   json_build_object(measure_name, average, p.column_name, format('%%1$s.%s', own_sum))
              from rollup_internal.measure_columns(r, measure_name || '_sum',
                       json_build_object('sum', argument, 'where', spec ->> 'where')) p
            union all
            select p.*
              from rollup_internal.measure_columns(r, measure_name || '_count',
                       json_build_object('count', argument, 'where', spec ->> 'where')) p;
    when 'first', 'last' then
        -- The value, its event's time and its event's id: which of two values is first is told by the
        -- other two columns, so that batches may come in any order.
        nearest := case kind when 'first' then 'order by %1$s, %2$s'
                        else 'order by %1$s desc nulls last, %2$s desc nulls last' end;
        condition := format(' filter (where (%s) is not null%s)', argument, ' and (' || (spec ->> 'where') || ')');
        for column_name, column_type, expression, combine in
            values (measure_name, argument_type,
                    format('(array_agg(%s %s)%s)[1]', argument, format(nearest, event_time, event_id), condition),
                    format('(array_agg(%%1$s %s))[1]', format(nearest, own_at, own_id))),
                   (measure_name || '_at', 'timestamp with time zone',
                    format('%s(%s)%s', case kind when 'first' then 'min' else 'max' end, event_time, condition),
                    case kind when 'first' then 'min(%1$s)' else 'max(%1$s)' end),
                   (measure_name || '_id', 'bigint',
                    format('(array_agg(%s %s)%s)[1]', event_id, format(nearest, event_time, event_id), condition),
                    format('(array_agg(%%1$s %s))[1]', format(nearest, own_at, own_id)))
        loop
            merge := format('case when %%3$s.%1$s is null or (%%4$s.%2$s, %%4$s.%1$s) %3$s (%%3$s.%2$s, %%3$s.%1$s) '
                            'then %%2$s else %%1$s end',
                            own_id, own_at, case kind when 'first' then '<' else '>' end);
            -- Not every type has an =, but every value has a text.
            differs := case when column_name = measure_name then '%1$s::text is distinct from %2$s::text'
                            else '%1$s is distinct from %2$s' end;
            shown := case when column_name = measure_name || '_id' then '{}'
                else json_build_object(column_name, format('%%1$s.%s', replace(quote_ident(column_name), '%', '%%'))) end;
            return next;
        end loop;
    when 'distinct' then
        log2m := rollup_internal.integer_option(measure_name, spec, 'log2m', 11, 4, 17);
        expression := format('%1$I.hll_add_agg(%2$s, %3$s, 5, -1, 1)', hll_schema,
                             rollup_internal.hll_hash_expression(measure_name, argument, argument_type), log2m) || condition;
        column_type := format('%I.hll(%s,5,-1,1)', hll_schema, log2m);
        merge := format(either, format('%I.hll_union(%%1$s, %%2$s)', hll_schema));
        combine := format(united, format(sketches, hll_schema, 'hll_union_agg'));
        differs := '%1$s::text is distinct from %2$s::text';
        display := format('''about '' || round(%I.hll_cardinality(%%1$s))::bigint', hll_schema);
        shown := json_build_object(measure_name, format('round(%I.hll_cardinality(%%1$s.%s))::bigint', hll_schema, own));
        return next;
    when 'top' then
        counters := rollup_internal.integer_option(measure_name, spec, 'counters', 1000, 1, 14913080);
        column_type := 'jsonb';
        differs := format('rollup_internal.top_differs(%%1$s, %%2$s, %s)', counters);
        shown := json_build_object(
            measure_name || '_item', format('rollup.top_item(%%1$s.%s)', own),
            measure_name || '_value', format('rollup.top_value(%%1$s.%s)', own),
            measure_name || '_list', format('rollup.top_text(%%1$s.%s)', own));
        if spec ->> 'weight' is not null then
            weight := rollup_internal.quote_if_column(r.source, spec ->> 'weight');
            if rollup_internal.expression_type(r.source, weight) <> all (numbers) then
                raise exception using
                    errcode = 'datatype_mismatch',
                    message = format('measure %I: the weight must be a number, not %s',
                                     measure_name, rollup_internal.expression_type(r.source, weight));
            end if;
            expression := format('rollup_internal.top_from_items(array_agg((%1$s)::text)%2$s, array_agg((%3$s)::numeric)%2$s, %4$s)',
                                 argument, condition, weight, counters);
            differs := format('rollup_internal.top_differs(%%1$s, %%2$s, %s, true)', counters);
        else
            -- Counting in place is faster than the stand-in for the extension's aggregate. Citus pushes it
            -- down only where all in it is immutable, which making a text often is not.
            in_place := topn_schema is null and not rollup_internal.is_distributed(r.source);
            expression := case when in_place then
                format(in_place_list, counters,
                       format('select k, count(*) as n from unnest(array_agg(%s)%s) k where k is not null group by 1',
                              case when argument_type in ('smallint', 'integer', 'bigint') then argument
                                   else format('rollup_compat.topn_item_key((%s)::text)', argument) end, condition))
                else format('%I.topn_add_agg(%s)%s', coalesce(topn_schema, 'rollup_compat'),
                            case argument_type when 'text' then argument else format('(%s)::text', argument) end, condition)
                end;
        end if;
        merge := format(either, format('rollup_internal.top_union(%%1$s, %%2$s, %s)', counters));
        combine := format(united, case
            when weight is not null or topn_schema is null and not in_place then
                format('rollup_internal.top_merge(array_agg(%%1$s), %s)', counters)
            when in_place then
                format(in_place_list, counters, 'select p.key collate "C" as k, sum(p.value::bigint) as n'
                                                ' from unnest(array_agg(%1$s)) l, jsonb_each(l) p group by 1')
            else format(sketches, topn_schema, 'topn_union_agg') end);
        return next;
    when 'quantiles' then
        if argument_type <> all (numbers) then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: quantiles are of numbers, not of %s', measure_name, argument_type),
                hint = 'Of an interval: {"quantiles": "extract(epoch from duration)"}.';
        end if;
        compression := rollup_internal.integer_option(measure_name, spec, 'compression', 100, 10, 10000);
        digest_schema := rollup_internal.ensure_tdigest(measure_name);
        -- The extension never comes back from a NaN, and averages of an infinity are none.
        condition := format(' filter (where abs((%s)::double precision) < ''infinity''%s)', argument,
                            ' and (' || (spec ->> 'where') || ')');
        expression := format('%I.tdigest((%s)::double precision, %s)', digest_schema, argument, compression) || condition;
        column_type := format('%I.tdigest', digest_schema);
        merge := format(either, format('%I.tdigest_union(%%1$s, %%2$s)', digest_schema));
        combine := format(united, format(sketches, digest_schema, 'tdigest'));
        differs := 'rollup_internal.quantiles_differ(%1$s::double precision[], %2$s::double precision[])';
        display := format('%1$I.tdigest_count(%%1$s) || '' values, mean '' || %1$I.tdigest_digest_avg(%%1$s)', digest_schema);
        shown := (select json_object_agg(measure_name || '_p' || p, format(
                      '(select %1$I.tdigest_percentile(d.digest, %2$s) from (values (%%1$s.%3$s)) d (digest))',
                      digest_schema, p / 100.0, own))
                    from unnest('{50,90,95,99}'::int[]) p);
        return next;
    end case;
end
$$;
comment on function rollup_internal.measure_columns(rollup_internal.rollups, text, json) is
    'The columns that hold one measure: name, type, the aggregate over events, how an old and a new '
    'value merge (a format string of the two, and of the two rows), how the rows of a batch combine, whether a '
    'counted and an expected value differ, how verify shows a value, and what readers of the view of plain '
    'numbers are shown: its columns, to their expressions (format strings of the row).';
reset citus.enable_ddl_propagation;
