create or replace function rollup_internal.insert_select_text(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
    names text[];
    expressions text[];
    number_of_keys int;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;
    select array_agg(quote_ident(c.column_name)), array_agg(c.expression), count(*) filter (where c.role <> 'measure')
      into names, expressions, number_of_keys
      from rollup_internal.target_columns(r) c;
    return format('insert into %s (%s) select %s from %s where %I > 0%s group by %s', r.target,
                  array_to_string(names, ', '), array_to_string(expressions, ', '), r.source, r.id_column,
                  coalesce(' and (' || r.filter || ')', ''),
                  (select string_agg(n::text, ', ') from generate_series(1, number_of_keys) n));
end
$$;
comment on function rollup_internal.insert_select_text(text) is
    'The INSERT … SELECT at the heart of a rollup''s function, to be explained.';
