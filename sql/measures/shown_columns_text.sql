create or replace function rollup_internal.shown_columns_text(columns rollup_internal.target_column[])
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(concat(s.formula, ' as ' || nullif(quote_ident(s.name), s.plain)), E',\n       '
                          order by c.ordinality, s.position)
          from unnest(columns) with ordinality c
         cross join lateral (
               select c.column_name::text, format('r.%I', c.column_name), quote_ident(c.column_name), 1
                where c.role <> 'measure'
               union all
               select j.key, format(j.value, 'r'), null, j.position
                 from json_each_text(c.shown) with ordinality j (key, value, position)
               ) s (name, formula, plain, position));
end
$$;
comment on function rollup_internal.shown_columns_text(rollup_internal.target_column[]) is
    'The columns of a rollup as plain numbers, computed from a row r of its table or of its live view.';
