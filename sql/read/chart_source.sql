-- A tool that writes its queries itself groups the rows of a rollup by what its user chooses, and filters them. What it is
-- given are aggregates over the columns, so that distinct counts and quantiles are united and never added. Citus pushes
-- them down, or gathers the rows. It joins a live view with no function, so items are taken in the select list.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.chart_source(
    rollup_name text, live boolean,
    out schema_name name, out relation name, out columns json, out metrics jsonb, out lists jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    c record;
    number text;
    metric text;
    grouped text;
begin
    select n.nspname, k.relname
      into schema_name, relation
      from pg_class k join pg_namespace n on n.oid = k.relnamespace
     where k.oid = case when live then rollup_internal.view_name(r.target, 'live')::regclass else r.target end;
    select json_agg(json_build_object('name', x.column_name, 'type', x.column_type, 'role', x.role) order by x.place),
           string_agg(format('v.%I', x.column_name), ', ' order by x.place)
      into columns, grouped
      from rollup_internal.target_columns(r) with ordinality
           x (role, column_name, column_type, expression, merge, combine, differs, display, measure, shown, tolerance,
              of_few, metrics, place)
     where x.role <> 'measure';
    lists := '[]';
    for c in select x.column_name from rollup_internal.target_columns(r) x
              where x.role = 'measure' and x.column_type = 'jsonb' and x.column_name = x.measure
    loop
        lists := lists || jsonb_build_object('name', c.column_name, 'query', rollup_internal.fill_template(
            'select {grouped}, (v."(item)").item, (v."(item)").value'
            ' from (select {grouped}, rollup.top(v.{list}, 1000) as "(item)" from {rows} v) v',
            jsonb_build_object('grouped', grouped, 'rows', format('%I.%I', schema_name, relation),
                               'list', quote_ident(c.column_name))));
    end loop;
    metrics := '[]';
    for c in select x.measure, x.metrics from rollup_internal.target_columns(r) x where x.role = 'measure' loop
        for number, metric in select j.key, format(j.value) from json_each_text(c.metrics) j loop
            begin
                perform rollup_internal.number_formula(r, number);
                metrics := metrics || jsonb_build_object('name', number, 'measure', c.measure, 'expression', metric);
            exception when datatype_mismatch then
                null;  -- a text or a time has no chart
            end;
        end loop;
    end loop;
end
$$;
comment on function rollup_internal.chart_source(text, boolean) is
    'What a tool that writes its own queries is told of a rollup: its table or live view, the columns to group by, each '
    'number as an aggregate, and for each top list a query of its items.';
reset citus.enable_ddl_propagation;
