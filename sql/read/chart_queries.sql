-- Rows are read first and combined outside of that query, because Citus pushes down neither the functions that combine
-- sketches nor groups of all shards. Numbers are calculated from combined columns, so that distinct counts and quantiles
-- are united and never added.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.chart_queries(
    rollup_name text, time_condition text, time_step text, tenant_condition text, live boolean,
    out number text, out chart text, out dimension text, out query text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    bucket constant text := quote_ident(r.bucket_column);
    rows_of_range constant text := format(
        'select * from %s where %s',
        case when live then rollup_internal.view_name(r.target, 'live') else r.target::text end,
        rollup_internal.all_of(array_remove(
            array[format(time_condition, bucket),
                  case when r.tenant is not null then format(tenant_condition, quote_ident(r.tenant)) end], null)));
    dimensions constant text[] := array(
        select x.column_name from rollup_internal.target_columns(r) x where x.role = 'dimension');
    column_of record;
    calculated record;
    c record;
begin
    for column_of in
        select x.column_name, x.measure, x.shown, format(x.combine, quote_ident(x.column_name)) as combined,
               x.column_type = 'jsonb' as is_list
          from rollup_internal.target_columns(r) x where x.shown is not null
    loop
        if column_of.is_list then
            number := column_of.measure;
            chart := 'list';
            dimension := null;
            query := rollup_internal.fill_template(
                $text$with q as materialized ({rows})
select l.item, l.value
  from (select {combined} as list from q) t
 cross join lateral rollup.top(t.list, 10) l
 order by l.value desc, l.item$text$,
                jsonb_build_object('rows', rows_of_range, 'combined', column_of.combined));
            return next;
            continue;
        end if;
        for number in select json_object_keys(column_of.shown) loop
            begin
                select * into calculated from rollup_internal.number_formula(r, number);
            exception when datatype_mismatch then
                continue;  -- a text or a time has no chart
            end;
            for c in
                select 'total' as chart, null as dimension, null as key, null as further
                union all
                select 'series', null, case when r.bucket < interval '1 day' then format(time_step, bucket) else bucket end
                               || ' as "time"', E'\n order by 1'
                union all
                select 'breakdown', d, quote_ident(d), E'\n order by 2 desc nulls last\n limit 20'
                  from unnest(dimensions) d
            loop
                chart := c.chart;
                dimension := c.dimension;
                query := rollup_internal.fill_template(
                    $text$with q as materialized ({rows})
select {key}{formula} as {name}
  from (select {expression}{combined} from q{groups}) t{further}$text$,
                    jsonb_build_object(
                        'rows', rows_of_range, 'formula', calculated.formula, 'name', quote_ident(number),
                        'combined', calculated.combined,
                        'key', case c.chart when 'total' then '' when 'series' then 't."time", ' else format('t.%s, ', c.key) end,
                        'expression', coalesce(c.key || ', ', ''),
                        'groups', case when c.key is not null then ' group by 1' else '' end,
                        'further', coalesce(c.further, '')));
                return next;
            end loop;
        end loop;
    end loop;
end
$$;
comment on function rollup.chart_queries(text, text, text, text, boolean) is
    'A query for each chart that a dashboard can show of a rollup: a number in total, as a series and by each dimension, '
    'and each top list. Conditions on the bucket and the tenant, and the step of a series, are formats for the name of '
    'the column, as the tool fills them in.';
reset citus.enable_ddl_propagation;
