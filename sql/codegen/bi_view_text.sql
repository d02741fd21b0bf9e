-- With the reader's rights, so that whoever may read the table may read the view, and nobody else.
create or replace function rollup_internal.bi_view_text(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;
    return format(E'create or replace view %s with (security_invoker = true) as\n    select %s\n      from %s r',
        rollup_internal.view_name(r.target, 'bi'),
        (select string_agg(concat(s.formula, ' as ' || nullif(quote_ident(s.name), s.plain)), E',\n           '
                           order by c.position, s.position)
           from rollup_internal.target_columns(r) with ordinality
                c (role, column_name, column_type, expression, merge, combine, differs, display, measure, shown, position)
          cross join lateral (
                select c.column_name::text, format('r.%I', c.column_name), quote_ident(c.column_name), 1 where c.role <> 'measure'
                union all
                select j.key, format(j.value, 'r'), null, j.position
                  from json_each_text(c.shown) with ordinality j (key, value, position)) s (name, formula, plain, position)),
        r.target);
end
$$;
comment on function rollup_internal.bi_view_text(text) is
    'The statement that creates a rollup''s view of plain numbers.';
