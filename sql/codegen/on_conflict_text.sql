-- The end of every statement that counts: new rows are added, rows that are there are merged.
create or replace function rollup_internal.on_conflict_text(keys text[], measures text[], merges text[])
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.format(E'on conflict (%s) do update set\n            %s',
        pg_catalog.array_to_string(keys, ', '),
        pg_catalog.string_agg(m || ' = ' || pg_catalog.format(merge, 'r.' || m, 'excluded.' || m, 'r', 'excluded'),
                              E',\n            ' order by n))
      from rows from (pg_catalog.unnest(measures), pg_catalog.unnest(merges)) with ordinality x (m, merge, n);
end;
comment on function rollup_internal.on_conflict_text(text[], text[], text[]) is
    'The ON CONFLICT clause for quoted key columns and measures, with their merges.';
