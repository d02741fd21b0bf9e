create or replace function rollup_internal.drop_obsolete(obsolete oid[], types regtype[] default '{}')
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    routines text;
    users text;
begin
    select string_agg(format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), ', ')
      into routines
      from unnest(obsolete) o (routine)
      join pg_proc p on p.oid = o.routine
      join pg_namespace n on n.oid = p.pronamespace;
    if routines is not null then
        execute format('drop routine %s', routines);
    end if;
    if types <> '{}' then
        execute format('drop type %s', array_to_string(types, ', '));
    end if;
exception when dependent_objects_still_exist then
    get stacked diagnostics users = pg_exception_detail;
    raise warning using
        message = format('functions of an earlier version stay because they are still used: %s',
                         array_to_string(string_to_array(users, E'\n'), '; ')),
        hint = 'Create again what uses them with functions that are documented, then install again.';
end
$$;
comment on function rollup_internal.drop_obsolete(oid[], regtype[]) is
    'Drops routines and types of earlier versions. Either all are dropped or none, because they depend on each other: a '
    'warning names what uses them.';
