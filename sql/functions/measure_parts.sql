-- What each kind of measure is: the type that holds it, how it is made from events, how two
-- values become one. The one place to add a kind.
--
-- Every merge is written coalesce(merged, old, new): the sketches' functions answer NULL when
-- either side is NULL, and a NULL would stay for ever.
create or replace function rollup.measure_parts(
    source regclass, measure_name text, spec json,
    out column_type text, out expression text, out merge text, out combine text,
    out differs text, out display text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    kinds constant text[] := '{count,sum,min,max,distinct,top}';
    options constant jsonb := '{"distinct": ["log2m"], "top": ["counters"]}';
    -- Uniting lists is dear; a group of one row has nothing to unite.
    sketches constant text := 'case count(*) when 1 then (array_agg(%%1$s))[1] '
                              'else (select %1$I.%2$s(s) from unnest(array_agg(%%1$s)) s) end';
    kind text;
    argument text;
    argument_type text;
    unknown text;
    log2m int;
    counters int;
    condition text := '';
    escaped text;
    hll_schema constant name := rollup.extension_schema('hll');
    topn_schema constant name := coalesce(rollup.extension_schema('topn'), 'rollup_compat');
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
            hint = 'Options: where' || case kind when 'distinct' then ', log2m' when 'top' then ', counters' else '' end || '.';
    end if;
    argument := spec ->> kind;
    if argument is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s of what?', measure_name, kind),
            hint = format('{"%s": "column or expression"}', kind);
    end if;
    if not (kind = 'count' and argument = '*') then
        -- A plain column may need quotes; an expression comes with its own.
        if exists (select from pg_attribute where attrelid = source and attname = argument
                      and attnum > 0 and not attisdropped) then
            argument := quote_ident(argument);
        end if;
        argument_type := rollup.expression_type(source, argument);
    end if;

    case kind
    when 'count' then
        column_type := 'bigint';
        expression := format('count(%s)', argument);
        merge := '%1$s + %2$s';
        combine := 'sum(%1$s)::bigint';
    when 'sum', 'min', 'max' then
        expression := format('%s(%s)', kind, argument);
        begin
            execute format('select format_type(pg_typeof(%s), -1) from (select (null::%s).*) %I',
                           expression, source, (select relname from pg_class where oid = source))
               into column_type;
        exception when undefined_function then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: there is no %s of %s', measure_name, kind, argument_type);
        end;
        merge := case kind when 'sum' then '%1$s + %2$s' when 'min' then 'least(%1$s, %2$s)'
                           else 'greatest(%1$s, %2$s)' end;
        -- The sum of sums may have a wider type.
        combine := kind || '(%1$s)' || case kind when 'sum' then '::' || column_type else '' end;
    when 'distinct' then
        log2m := coalesce(spec ->> 'log2m', '11');
        if log2m not between 4 and 17 then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('measure %I: log2m must be from 4 to 17, not %s', measure_name, log2m);
        end if;
        expression := format('%1$I.hll_add_agg(%1$I.%2$s(%3$s), %4$s, 5, -1, 1)', hll_schema,
            case argument_type
                when 'smallint' then 'hll_hash_smallint' when 'integer' then 'hll_hash_integer'
                when 'bigint' then 'hll_hash_bigint' when 'boolean' then 'hll_hash_boolean'
                when 'bytea' then 'hll_hash_bytea' when 'text' then 'hll_hash_text'
                when 'character varying' then 'hll_hash_text' else 'hll_hash_any' end,
            -- 1.0 and 1.00 are one number, but not the same bytes.
            case argument_type when 'numeric' then format('trim_scale(%s)', argument) else argument end, log2m);
        column_type := format('%I.hll(%s,5,-1,1)', hll_schema, log2m);
        merge := format('%I.hll_union(%%1$s, %%2$s)', hll_schema);
        combine := format('%I.hll_union_agg(%%1$s)', hll_schema);
        differs := '%1$s::text is distinct from %2$s::text';
        display := format('''about '' || round(%I.hll_cardinality(%%1$s))::bigint', hll_schema);
    when 'top' then
        counters := coalesce(spec ->> 'counters', '1000');
        if counters < 1 then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('measure %I: counters must be at least 1, not %s', measure_name, counters);
        end if;
        escaped := replace(argument, '%', '%%');  -- the condition is still to come
        -- Counting in place is faster than the stand-in for the extension's aggregate. Citus pushes it
        -- down only where all in it is immutable, which making a text often is not.
        expression := case
            when rollup.extension_schema('topn') is not null or rollup.is_distributed(source) then
                format('%I.topn_add_agg(%s)%%s', topn_schema,
                       case argument_type when 'text' then escaped else format('(%s)::text', escaped) end)
            else format(
                '(select coalesce(jsonb_object_agg(k, n), ''{}'') from (select k, count(*) as n'
                ' from unnest(array_agg(%s)%%s) k where k is not null group by k order by n desc, k limit %s) top)',
                case when argument_type in ('smallint', 'integer', 'bigint') then escaped
                     else format('rollup_compat.topn_item_key((%s)::text)', escaped) end, counters)
            end;
        column_type := 'jsonb';
        merge := format('%I.topn_union(%%1$s, %%2$s)', topn_schema);
        combine := format(sketches, topn_schema, 'topn_union_agg');
        differs := format('rollup.top_differs(%%1$s, %%2$s, %s)', counters);
    end case;
    differs := coalesce(differs, case when column_type in ('real', 'double precision')
        then 'rollup.float_differs(%1$s, %2$s)' else '%1$s is distinct from %2$s' end);
    display := coalesce(display, '%1$s::text');
    merge := 'coalesce(' || merge || ', %1$s, %2$s)';

    if spec ->> 'where' is not null then
        if rollup.expression_type(source, spec ->> 'where') <> 'boolean' then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: "where" must be a condition', measure_name);
        end if;
        condition := format(' filter (where %s)', spec ->> 'where');
    end if;
    expression := case kind when 'top' then format(expression, condition) else expression || condition end;
end
$$;
comment on function rollup.measure_parts(regclass, text, json) is
    'Internal. For one measure: its column type, the aggregate over events, how an old and a new '
    'value merge (a format string of the two), how the rows of a batch combine, whether a counted and '
    'an expected value differ, and how a value is shown.';
