-- Asks the server, which knows the result type of every aggregate.
create or replace function rollup_internal.aggregate_type(m rollup_internal.measure, aggregate_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    type_name text;
    events constant text := format('(select (null::%s).*) %I', m.source,
                                   (select relname from pg_class where oid = m.source));
begin
    if aggregate_name is null then
        raise undefined_function;
    end if;
    execute format('select format_type(pg_typeof(%s(%s)), -1) from %s', aggregate_name,
                   m.argument, events) into type_name;
    return type_name;
exception when undefined_function then
    raise exception using
        errcode = 'datatype_mismatch',
        message = format('measure %I: there is no %s of %s', m.name, m.kind, m.argument_type),
        hint = case when m.kind in ('min', 'max') then
            format('Take it as a number or as text: {"%s": "(…)::%s"}.', m.kind,
                   case rollup_internal.base_type(m.argument_type::regtype) when 'boolean'::regtype then 'int' else 'text' end)
            else 'See docs/measures.md for the kinds of measures and what they take.' end;
end
$$;
comment on function rollup_internal.aggregate_type(rollup_internal.measure, text) is
    'The result type of an aggregate over the argument of a measure. Fails if there is no such aggregate (NULL).';
