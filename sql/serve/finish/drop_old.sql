-- This transaction has written every function of the service, so a function in its schema that it has not
-- written is obsolete. Functions of the package have a comment. Either all are dropped or none, as in sql/finish.
do $$
declare
    routines text;
    users text;
begin
    select string_agg(format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), ', ')
      into routines
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where p.xmin <> pg_catalog.pg_current_xact_id()::xid
       and n.nspname in ('rollup_serve')
       and pg_catalog.obj_description(p.oid, 'pg_proc') is not null;
    if routines is not null then
        execute format('drop routine %s', routines);
    end if;
exception when dependent_objects_still_exist then
    get stacked diagnostics users = pg_exception_detail;
    raise warning using
        message = format('functions of rollupctl serve of an earlier version stay because they are still used: %s',
                         array_to_string(string_to_array(users, E'\n'), '; ')),
        hint = 'Create again what uses them with functions that are documented, then install again.';
end
$$;
