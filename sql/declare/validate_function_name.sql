-- PostgreSQL truncates names to 63 bytes: two rollups could get the same function, and one would count into the
-- other's table. An existing function that does not belong to a rollup must not be replaced. That of a rollup of this name
-- is left where a database was copied without its rows.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.validate_function_name(declared rollup_internal.rollups)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    function_name constant name[] := parse_ident(declared.function_name);
    other text := (select r.name from rollup_internal.rollups r where r.function_name = declared.function_name);
begin
    perform rollup_internal.validate_name_length(n) from unnest(parse_ident(declared.function_name)) n;
    if cardinality(function_name) <> 2 or not exists (select from pg_namespace n where n.nspname = function_name[1]) then
        raise exception using
            errcode = 'invalid_schema_name',
            message = format('function name %s is not SCHEMA.NAME with a schema that exists', declared.function_name),
            hint = 'Without a schema, the function is in that of the source.';
    end if;
    if other is not null then
        raise exception using
            errcode = 'duplicate_function',
            message = format('function %s is that of rollup %I', declared.function_name, other),
            hint = 'Choose another name with function_name => ….';
    elsif exists (select from pg_proc p
                    join pg_namespace n on n.oid = p.pronamespace
                   where n.nspname = function_name[1] and p.proname = function_name[2]
                     and p.proargtypes[0] = 'bigint'::regtype and p.pronargs = 1
                     and position(format('rollup_internal.begin_run(array[%L]', declared.name) in p.prosrc) = 0) then
        raise exception using
            errcode = 'duplicate_function',
            message = format('function %s(bigint) exists already, and is not a rollup''s', declared.function_name),
            hint = 'Choose another name with function_name => ….';
    end if;
end
$$;
comment on function rollup_internal.validate_function_name(rollup_internal.rollups) is
    'Refuses a rollup whose function name is taken or too long.';
reset citus.enable_ddl_propagation;
