create or replace function rollup.named(names text[])
    returns text
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.format(case pg_catalog.count(*) when 1 then 'rollup %s was' else 'rollups %s were' end,
                             pg_catalog.string_agg(pg_catalog.quote_ident(n), ', '))
      from pg_catalog.unnest(names) n;
end;
comment on function rollup.named(text[]) is 'Internal. Rollups as the subject of a sentence in the past.';
