create or replace function rollup_internal.deferral_text(names text[])
    returns text
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.format(case pg_catalog.count(*) when 1 then 'rollup %s was deferred' else 'rollups %s were deferred' end,
                             pg_catalog.string_agg(pg_catalog.quote_ident(n), ', '))
      from pg_catalog.unnest(names) n;
end;
comment on function rollup_internal.deferral_text(text[]) is
    'The beginning of a message that reports that rollups were deferred.';
