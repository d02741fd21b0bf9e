-- The functions fix their search_path, so a name without a schema is looked for in public and among the sources of
-- rollups.
create or replace function rollup_analytics_internal.resolve_source(source text)
    returns regclass
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    found_one regclass;
begin
    found_one := coalesce(
        case when cardinality(parse_ident(source)) = 1
             then to_regclass(format('public.%I', (parse_ident(source))[1])) else to_regclass(source) end,
        (select min(r.source::oid)::regclass
           from rollup_internal.rollups r
           join pg_class c on c.oid = r.source
          where c.relname = (parse_ident(source))[1] and cardinality(parse_ident(source)) = 1));
    if found_one is null then
        raise exception using
            errcode = 'undefined_table',
            message = format('there is no table %s', coalesce(source, 'NULL')),
            hint = 'Write the name of the events table with its schema: source => ''schema.table''.';
    end if;
    return found_one;
end
$$;
comment on function rollup_analytics_internal.resolve_source(text) is
    'The events table of a name. Raises undefined_table if there is none.';
