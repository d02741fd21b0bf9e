-- What the view of plain numbers shows for one row, for any number of rows: see rollup_internal.number_formula, which
-- answers for one number. Top lists are combined as lists.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.describe_fields(r rollup_internal.rollups)
    returns setof rollup_serve.fields
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    columns jsonb;
    formulas jsonb;
    combinations jsonb;
    neutral jsonb;
    types text[];
begin
    select jsonb_agg(to_jsonb(c) || jsonb_build_object('shown_json', c.shown::text) order by c.position)
      into columns
      from rollup_internal.target_columns(r)
           with ordinality c (role, column_name, column_type, expression, merge, combine, differs, display, measure,
                              shown, tolerance, of_few, metrics, position);
    select jsonb_agg(jsonb_build_object('measure', f.measure, 'name', f.name, 'formula', f.formula)
                     order by f.position, f.place)
      into formulas
      from (select c.measure, k.key as name, format(k.value, 't') as formula, c.position, k.place
              from jsonb_to_recordset(columns) c (measure text, column_type text, shown_json text, "position" bigint)
             cross join lateral json_each_text(c.shown_json::json) with ordinality k (key, value, place)
             where c.measure is not null and c.column_type <> 'jsonb'
            union all
            select c.measure, c.column_name, concat('t.', quote_ident(c.column_name)), c.position, 0
              from jsonb_to_recordset(columns) c (measure text, column_name text, column_type text, "position" bigint)
             where c.measure is not null and c.column_type = 'jsonb') f;
    select jsonb_object_agg(m.measure, m.combined) into combinations
      from (select c.measure,
                   string_agg(concat(format(c.combine, quote_ident(c.column_name)), ' as ', quote_ident(c.column_name)),
                              ', ' order by c.position) as combined
              from jsonb_to_recordset(columns) c (measure text, column_name text, combine text, "position" bigint)
             where c.measure is not null
             group by c.measure) m;
    select jsonb_object_agg(n.key, n.value) into neutral
      from json_object_keys(r.measures) d (name)
     cross join lateral rollup_internal.measure_columns(r, d.name, r.measures -> d.name) m
     cross join lateral json_each(m.neutral) n;
    execute format('select array[%s] from (select %s) t',
                   (select string_agg(format('format_type(pg_typeof(%s), -1)', f ->> 'formula'), ', ' order by n)
                      from jsonb_array_elements(formulas) with ordinality x (f, n)),
                   (select string_agg(format('null::%s as %I', c.column_type, c.column_name), ', ')
                      from jsonb_to_recordset(columns) c (role text, column_name text, column_type text)
                     where c.role = 'measure'))
       into types;
    return query
        select r.id::bigint, r.revision, c.position, c.column_name, 'dimension', c.column_type,
               null::text, null::text, null::text, null::numeric
          from jsonb_to_recordset(columns) c (role text, column_name text, column_type text, "position" bigint)
         where c.role = 'dimension'
        union all
        select r.id::bigint, r.revision, 1000 + x.place, x.f ->> 'name', 'measure',
               case when x.type = 'jsonb' then 'list'
                    when rollup_internal.is_number(x.type) then 'number'
                    else x.type end,
               x.f ->> 'measure', combinations ->> (x.f ->> 'measure'), x.f ->> 'formula',
               (neutral ->> (x.f ->> 'name'))::numeric
          from rows from (jsonb_array_elements(formulas), unnest(types)) with ordinality x (f, type, place);
end
$$;
comment on function rollup_serve.describe_fields(rollup_internal.rollups) is
    'What can be asked of a rollup: its dimensions, and each number, list or other value of its measures, with the '
    'combined columns of the measure, the formula over them as t, and the value without rows.';
reset citus.enable_ddl_propagation;
