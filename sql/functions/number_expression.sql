-- The rows of a group are combined as a run combines those of a batch (see rollup.measure_parts);
-- what comes of it is shown as in the view of plain numbers.
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.number_expression(r rollup.rollups, number_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    numbers constant regtype[] := '{smallint,integer,bigint,numeric,real,double precision}';
    of_measure text;
    formula text;
    found_type text;
    united text;
    names text;
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
    select string_agg(format(c.combine, quote_ident(c.column_name)), ', '), string_agg(quote_ident(c.column_name), ', ')
      into united, names
      from rollup.target_columns(r) c where c.measure = of_measure;
    return format(case when exists (select from unnest('{count,sum,distinct}'::text[]) k where r.measures -> of_measure ->> k is not null)
                       then '(select coalesce(%s, 0)::numeric from (values (%s)) u (%s))'
                       else '(select (%s)::numeric from (values (%s)) u (%s))' end,
                  format(formula, 'u'), united, names);
end
$$;
comment on function rollup.number_expression(rollup.rollups, text) is
    'Internal. The aggregate that unites a measure over rows of a rollup''s table and answers a plain number: '
    'a column of its view of plain numbers.';
reset citus.enable_ddl_propagation;
