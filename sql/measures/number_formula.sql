-- A number that the view of plain numbers shows for one row is calculated here for many rows: their columns are
-- combined as a run combines the rows of a batch. See rollup_internal.measure_columns.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.number_formula(
    r rollup_internal.rollups, number_name text, out measure text, out combined text, out formula text, out nothing numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    columns constant rollup_internal.target_column[] := rollup_internal.columns_of(r);
    nulls text;
    type_name text;
begin
    select c.measure, format(c.shown ->> number_name, 't')
      into measure, formula
      from unnest(columns) c
     where c.shown -> number_name is not null;
    if not found then
        raise exception using
            errcode = 'undefined_column',
            message = format('rollup %I has no measure %I', r.name, number_name),
            hint = (select 'There are: ' || string_agg(k, ', ' order by c.ordinality, k)
                      from unnest(columns) with ordinality c
                     cross join json_object_keys(c.shown) k);
    end if;
    select string_agg(format(c.combine, quote_ident(c.column_name)) || format(' as %I', c.column_name), ', '),
           string_agg(format('null::%s as %I', c.column_type, c.column_name), ', ')
      into combined, nulls
      from unnest(columns) c
     where c.measure = number_formula.measure;
    execute format('select format_type(pg_typeof(%s), -1) from (select %s) t', formula, nulls) into type_name;
    if not rollup_internal.is_number(type_name) then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%I of rollup %I is no number but %s', number_name, r.name, type_name);
    end if;
    formula := format('(%s)::numeric', formula);
    select (c.neutral ->> number_name)::numeric into nothing
      from rollup_internal.measure_columns(r, measure, r.measures -> measure) c
     where c.neutral -> number_name is not null;
end
$$;
comment on function rollup_internal.number_formula(rollup_internal.rollups, text) is
    'How a number of the view of plain numbers is calculated from many rows: its measure, the combined columns '
    'of the measure, the formula over them as t, and its value without rows.';
reset citus.enable_ddl_propagation;
