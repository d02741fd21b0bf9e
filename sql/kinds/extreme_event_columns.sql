-- Stores the value, the time and the id of its event. Time and id decide between two values, so batches may be
-- counted in any order.
--
-- Kinds are PL/pgSQL functions, because Citus cannot replace a function that returns rows while an SQL body
-- depends on it.
create or replace function rollup_internal.extreme_event_columns(
    m rollup_internal.measure, extreme_time text, ordering text, precedes text)
    returns setof rollup_internal.measure_column
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c rollup_internal.measure_column;
    own_at constant text := rollup_internal.column_name(m, '_at');
    own_id constant text := rollup_internal.column_name(m, '_id');
    nearest constant text := format(ordering, quote_ident(m.time_column), quote_ident(m.id_column));
    nearest_row constant text := format(ordering, own_at, own_id);
    known text;
    value_of_nearest text;
    nearest_of constant text := '(array_agg(%s %s)%s)[1]';
begin
    m := rollup_internal.parse_argument(m);
    perform rollup_internal.validate_held_type(m, m.argument_type);
    -- A row with a NULL field is neither NULL nor `is not null`.
    known := rollup_internal.filter_text(m, format(
        case when (select t.typtype in ('c', 'd') from pg_type t where t.oid = m.argument_type::regtype)
             then 'num_nonnulls(%s) = 1' else '(%s) is not null' end, m.argument));
    c.merge := format('case when %%3$s.%s is null or %s then %%2$s else %%1$s end', own_id,
                      format('%s %s %s', format('(%%4$s.%s, %%4$s.%s)', own_at, own_id), precedes,
                             format('(%%3$s.%s, %%3$s.%s)', own_at, own_id)));

    c.column_name := m.name;
    c.column_type := m.argument_type;
    -- An array of values of a fixed length stays short, and is faster than a call for each event.
    value_of_nearest := case when (select t.typlen > 0 from pg_type t where t.oid = m.argument_type::regtype)
                             then nearest_of else 'rollup_internal.first_value_agg(%s %s)%s' end;
    c.expression := format(value_of_nearest, m.argument, nearest, known);
    c.combine := format(value_of_nearest, '%1$s', nearest_row, '');
    -- Not every type has an =. Equal numbers may be different texts.
    if not rollup_internal.is_number(m.argument_type) then
        c.differs := '%1$s::text is distinct from %2$s::text';
    end if;
    c.metrics := '{}';
    return next c;

    c.column_name := m.name || '_at';
    c.column_type := 'timestamp with time zone';
    c.expression := format('%s(%I)%s', extreme_time, m.time_column, known);
    c.combine := format('%s(%%1$s)', extreme_time);
    c.differs := null;
    return next c;

    c.column_name := m.name || '_id';
    c.column_type := 'bigint';
    c.expression := format(nearest_of, quote_ident(m.id_column), nearest, known);
    c.combine := format(nearest_of, '%1$s', nearest_row, '');
    c.shown := '{}';
    return next c;
end
$$;
comment on function rollup_internal.extreme_event_columns(rollup_internal.measure, text, text, text) is
    'The columns for the value, time and id of the earliest or the latest event. The parameters say which: min or '
    'max, the order of time and id as a format string, and < or >.';
