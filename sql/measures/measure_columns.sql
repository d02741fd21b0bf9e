-- A kind of measure is a function rollup_internal.kind_NAME: its first parameter is the measure, and the others
-- are the options that the kind takes, as text, with their defaults. What is found here is all there is.
--
-- It answers a row for each column that holds the measure. %1$s and so on are places in format strings:
--   column_name, column_type
--   expression  the aggregate over events
--   merge       how an old value %1$s and a new one %2$s, of the rows %3$s and %4$s, become one. Values merge in any
--               order and any split, and NULL with anything
--   combine     the aggregate over the column %1$s by which rows become one of a coarser bucket
--   differs     whether a counted value %1$s and an expected one %2$s are not the same but for rounding; %3$s and
--               %4$s are lists of all columns of the measure, counted and expected. is distinct from, unless said
--   display     how verify shows a value %1$s: its text, unless said
--   shown       the numbers that readers see of the column in the row %1$s: their names, to expressions. The column
--               itself, unless said
--   neutral     those of the numbers that are something where there are no events: their names, to what they are
--   settings    settings the aggregates need, to whole numbers: of several measures' the largest applies
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
    kinds constant text[] := array(
        select substr(p.proname, 6) from pg_proc p
         where p.pronamespace = 'rollup_internal'::regnamespace and p.proname like 'kind\_%' order by 1);
    options text[];
    unknown text;
    m rollup_internal.measure;
begin
    if json_typeof(spec) is distinct from 'object' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I must be an object such as {"count": "*"}, not %s', measure_name, spec);
    end if;
    select k into m.kind from json_object_keys(spec) k where k = any (kinds) limit 1;
    if m.kind is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I does not say what it measures: %s', measure_name, spec),
            hint = format('Say one of %s, for example {"distinct": "device_id"}.', array_to_string(kinds, ', '));
    end if;
    select p.proargnames[2:] into options from pg_proc p
     where p.pronamespace = 'rollup_internal'::regnamespace and p.proname = 'kind_' || m.kind;
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

    return query execute format($query$
        select c.column_name, c.column_type, c.expression, c.merge, c.combine,
               coalesce(c.differs, '%%1$s is distinct from %%2$s'), coalesce(c.display, '%%1$s::text'),
               coalesce(c.shown, json_build_object(c.column_name, format('%%%%1$s.%%s', replace(quote_ident(c.column_name), '%%', '%%%%')))),
               coalesce(c.neutral, '{}'), coalesce(c.settings, '{}')
          from rollup_internal.%I($1%s) c$query$,
        'kind_' || m.kind,
        (select string_agg(format(', %I => %L', o.key, o.value), '')
           from json_each_text(spec) o where o.key = any (options) and o.value is not null))
        using m;
end
$$;
comment on function rollup_internal.measure_columns(rollup_internal.rollups, text, json) is
    'The columns that hold one measure, from the function of its kind, with what the kind leaves to be as usual.';
reset citus.enable_ddl_propagation;
