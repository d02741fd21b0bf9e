create or replace function rollup_internal.find_source(name text)
    returns regclass
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    found_sources constant regclass[] := array(
        select s.source
          from (select x.source from rollup_internal.rollups x union select x.source from rollup_internal.sources x) s
          join pg_class c on c.oid = s.source
          join pg_namespace n on n.oid = c.relnamespace
         where find_source.name in (c.relname::text, quote_ident(c.relname), format('%I.%I', n.nspname, c.relname))
         order by s.source::text);
begin
    if found_sources = '{}' then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I, and no source of that name', name),
            hint = 'See rollup.retention.';
    end if;
    if cardinality(found_sources) > 1 then
        raise exception using
            errcode = 'ambiguous_alias',
            message = format('%s could be %s', name, array_to_string(found_sources, ' or ')),
            hint = 'Write the schema before the name.';
    end if;
    return found_sources[1];
end
$$;
comment on function rollup_internal.find_source(text) is
    'The source of a name, with or without its schema. Raises undefined_object or ambiguous_alias where no rollup has '
    'that name either.';
