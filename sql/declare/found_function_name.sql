-- A function that was renamed, or moved with its schema, is recognized by its body.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.found_function_name(r rollup_internal.rollups)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    path constant text[] := parse_ident(r.function_name);
begin
    if to_regnamespace(quote_ident(path[1])) is not null and to_regprocedure(r.function_name || '(bigint)') is not null then
        return r.function_name;
    end if;
    return coalesce(
        (select format('%I.%I', n.nspname, p.proname)
           from pg_proc p
           join pg_namespace n on n.oid = p.pronamespace
          where position(format('rollup_internal.begin_run(array[%L]', r.name) in p.prosrc) > 0
            and n.nspname <> 'rollup_internal'
          order by p.oid
          limit 1),
        (select format('%I.%I', n.nspname, path[2])
           from pg_class c
           join pg_namespace n on n.oid = c.relnamespace
          where c.oid = r.source and to_regnamespace(quote_ident(path[1])) is null),
        r.function_name);
end
$$;
comment on function rollup_internal.found_function_name(rollup_internal.rollups) is
    'The current name of a rollup''s function; the name to create it under if it no longer exists.';
reset citus.enable_ddl_propagation;
