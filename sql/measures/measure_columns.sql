-- A kind of measure is a function rollup_internal.kind_NAME. Its first parameter is the measure, the others are the
-- options of the kind, as text, with their defaults. There is no other list of kinds and options.
--
-- The function returns one row for each column of the measure. Fields with %1$s and so on are format strings:
--   column_name, column_type
--   expression  the aggregate over events
--   of_few      the same for groups of few events, such as those of the tail, where it is faster. Default: expression
--   merge       how an old value %1$s and a new one %2$s, of the rows %3$s and %4$s, become one. Values must merge in
--               any order and any split, and NULL with anything
--   combine     the aggregate over the column %1$s that makes one row of the rows of a finer bucket
--   differs     whether a counted value %1$s and an expected one %2$s differ by more than rounding. %3$s and %4$s are
--               lists of all columns of the measure, counted and expected, %5$s is the tolerance. Default: is
--               distinct from
--   tolerance   an aggregate over events, a double: by how much the order of additions may change the value. Default:
--               NULL, for values that are exact
--   display     how verify shows a value %1$s. Default: its text
--   shown       what the _bi view shows of the row %1$s: names, and expressions. Default: the column itself
--   metrics     the same numbers as aggregates over the columns of many rows, for tools that write the query around
--               them: without subqueries, which Citus does not push down. Default: combine
--   neutral     the values that these numbers have without events, where they have one: names, and numbers
--   settings    settings that the aggregates need. Of several measures, the largest value applies
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.measure_columns(
    r rollup_internal.rollups, measure_name text, spec json)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    kind_function regproc;
    options text[];
    unknown text;
    m rollup_internal.measure;
    c rollup_internal.measure_column;
begin
    if json_typeof(spec) is distinct from 'object' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I must be an object such as {"count": "*"}, not %s', measure_name, spec);
    end if;
    select k, f into m.kind, kind_function
      from json_object_keys(spec) k
     cross join lateral (values (to_regproc(format('rollup_internal.%I', 'kind_' || k)))) v (f)
     where f is not null limit 1;
    if m.kind is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I does not say what it measures: %s', measure_name, spec),
            hint = format('Say one of %s, for example {"distinct": "device_id"}.', (
                select string_agg(substr(p.proname, 6), ', ' order by substr(p.proname, 6)) from pg_proc p
                 where p.pronamespace = 'rollup_internal'::regnamespace and starts_with(p.proname::text, 'kind_')));
    end if;
    select p.proargnames[2:] into options from pg_proc p where p.oid = kind_function;
    select k into unknown from json_object_keys(spec) k where k <> all (array[m.kind, 'where'] || options) limit 1;
    if unknown is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s does not take %L', measure_name, m.kind, unknown),
            hint = format('Options: %s.', array_to_string(array['where'] || options, ', '));
    end if;

    m.source := r.source;
    m.time_column := r.time_column;
    m.id_column := r.id_column;
    m.name := measure_name;
    m.argument := spec ->> m.kind;
    if m.argument is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s of what?', measure_name, m.kind),
            hint = format('{"%s": "column or expression"}', m.kind);
    end if;
    m.condition := spec ->> 'where';
    if m.condition is not null and rollup_internal.expression_type(r.source, m.condition) <> 'boolean' then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I: "where" must be a condition', measure_name);
    end if;

    for c in
        execute format('select * from rollup_internal.%I($1%s)', 'kind_' || m.kind, (
                select string_agg(format(', %I => %L', o.key, o.value), '')
                  from json_each_text(spec) o
                 where o.key = any (options) and o.value is not null))
          using m
    loop
        c.of_few := coalesce(c.of_few, c.expression);
        c.differs := coalesce(c.differs, '%1$s is distinct from %2$s');
        c.display := coalesce(c.display, '%1$s::text');
        c.metrics := coalesce(c.metrics, case when c.shown is null then json_build_object(
            c.column_name, format(c.combine, replace(quote_ident(c.column_name), '%', '%%'))) end, '{}');
        c.shown := coalesce(c.shown, json_build_object(
            c.column_name, '%1$s.' || replace(quote_ident(c.column_name), '%', '%%')));
        c.neutral := coalesce(c.neutral, '{}');
        c.settings := coalesce(c.settings, '{}');
        return next c;
    end loop;
end
$$;
comment on function rollup_internal.measure_columns(rollup_internal.rollups, text, json) is
    'The columns of one measure, as returned by the function of its kind, with defaults in place of NULL.';
reset citus.enable_ddl_propagation;
