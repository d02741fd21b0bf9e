create or replace function rollup_internal.bi_view_text(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
begin
    return rollup_internal.fill_template(
        $text$select {columns}
  from {target} r$text$,
        jsonb_build_object(
            'target', r.target,
            'columns', (
                select string_agg(concat(s.formula, ' as ' || nullif(quote_ident(s.name), s.plain)), E',\n       '
                                  order by c.ordinality, s.position)
                  from rollup_internal.target_columns(r) with ordinality c
                 cross join lateral (
                       select c.column_name::text, format('r.%I', c.column_name), quote_ident(c.column_name), 1
                        where c.role <> 'measure'
                       union all
                       select j.key, format(j.value, 'r'), null, j.position
                         from json_each_text(c.shown) with ordinality j (key, value, position)
                       ) s (name, formula, plain, position))));
end
$$;
comment on function rollup_internal.bi_view_text(text) is 'The query of a rollup''s view of plain numbers.';
