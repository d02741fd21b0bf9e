-- The rows of a group are combined as a run combines those of a batch (see rollup.measure_parts);
-- what comes of it is shown as in the view of plain numbers.
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.number_expression(
    r rollup.rollups, number_name text, out columns text, out formula text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    numbers constant regtype[] := '{smallint,integer,bigint,numeric,real,double precision}';
    of_measure text;
    found_type text;
begin
    select c.measure, s.value into of_measure, formula
      from rollup.target_columns(r) c, json_each_text(c.shown) s
     where s.key = number_name;
    if of_measure is null then
        raise exception using
            errcode = 'undefined_column',
            message = format('rollup %I has no measure %I', r.name, number_name),
            hint = 'There are: ' || (select string_agg(s.key, ', ' order by c.n, s.n)
                                       from rollup.target_columns(r) with ordinality
                                            c (role, column_name, column_type, expression, merge, combine, differs, display, measure, shown, n),
                                            json_each_text(c.shown) with ordinality s (key, value, n));
    end if;
    found_type := rollup.expression_type(r.target, format(formula, (select quote_ident(relname) from pg_class where oid = r.target)));
    if found_type::regtype <> all (numbers) then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I of rollup %I is no number but %s', number_name, r.name, found_type);
    end if;
    select string_agg(format('%s as %I', format(c.combine, quote_ident(c.column_name)), c.column_name), ', ') into columns
      from rollup.target_columns(r) c where c.measure = of_measure;
    formula := format(case when exists (select from unnest('{count,sum,distinct}'::text[]) k where r.measures -> of_measure ->> k is not null)
                           then 'coalesce(%s, 0)::numeric' else '(%s)::numeric' end, format(formula, 'u'));
end
$$;
comment on function rollup.number_expression(rollup.rollups, text) is
    'Internal. A column of a rollup''s view of plain numbers, for a group of rows: the aggregates that unite its '
    'measure''s columns, and what makes a number of them, as columns of u.';
reset citus.enable_ddl_propagation;
