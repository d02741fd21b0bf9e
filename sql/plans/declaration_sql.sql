create or replace function rollup.declaration_sql(rollup_name text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    r rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    schema_of_source name;
begin
    if not exists (select from pg_class c where c.oid = r.source) then
        raise exception using
            errcode = 'undefined_table',
            message = format('the source of rollup %I no longer exists', rollup_name);
    end if;
    select n.nspname into schema_of_source
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = r.source;
    r.source_name := (select format('%I.%I', n.nspname, c.relname)
                        from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = r.source);
    -- What follows from the name of the rollup is left out.
    r.target_name := (select nullif(format('%I.%I', n.nspname, c.relname), format('%I.%I', schema_of_source, r.name))
                        from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = r.target);
    r.function_name := nullif(r.function_name,
                              format('%I.%I', schema_of_source, rollup_internal.default_function_name(r.name)));
    r.newest_first := nullif(r.newest_first, false);
    return rollup_internal.create_call_text(r) || ';';
end
$$;
comment on function rollup.declaration_sql(text) is 'The statement that would declare a rollup as it is now.';
