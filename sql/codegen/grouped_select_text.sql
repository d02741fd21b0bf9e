-- Grouping by column numbers: an expression that is repeated might be evaluated twice.
create or replace function rollup_internal.grouped_select_text(
    columns text[], from_text text, conditions text[], grouped int[], indent int)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return rollup_internal.fill_template(
        $text$select
    {columns}
  from {from}{where}
 group by {grouped}$text$,
        jsonb_build_object(
            'columns', (select string_agg(rollup_internal.wrap_sql(c, indent + 4), E',\n' || repeat(' ', indent + 4)
                                          order by position)
                          from unnest(columns) with ordinality x (c, position)),
            'from', from_text,
            'where', coalesce(E'\n' || repeat(' ', indent) || ' where '
                              || nullif(rollup_internal.all_of(conditions, indent), 'true'), ''),
            'grouped', rollup_internal.wrap_list(grouped::text[], indent + 10)),
        indent);
end
$$;
comment on function rollup_internal.grouped_select_text(text[], text, text[], int[], int) is
    'A query that groups by some of its columns, given by their numbers.';
