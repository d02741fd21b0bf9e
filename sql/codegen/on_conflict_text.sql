-- The end of every statement that counts new events: new rows are inserted, existing rows are merged.
create or replace function rollup_internal.on_conflict_text(columns rollup_internal.target_column[], indent int)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    keys text[];
    merges text[];
begin
    select array_agg(quote_ident(c.column_name)) filter (where c.role <> 'measure'),
           array_agg(rollup_internal.wrap_sql(
               concat(quote_ident(c.column_name), ' = ',
                      rollup_internal.merge_text(c.merge, c.column_name, 'stored', 'excluded')),
               indent + 4)) filter (where c.role = 'measure')
      into keys, merges
      from unnest(columns) c;
    return rollup_internal.fill_template(
        $text${on_conflict}
    {merges}$text$,
        jsonb_build_object(
            'on_conflict', rollup_internal.wrap_sql(
                format('on conflict (%s) do update set', array_to_string(keys, ', ')), indent),
            'merges', array_to_string(merges, E',\n' || repeat(' ', indent + 4))),
        indent);
end
$$;
comment on function rollup_internal.on_conflict_text(rollup_internal.target_column[], int) is
    'The ON CONFLICT clause of an INSERT into a rollup''s table, which has the alias "stored".';
