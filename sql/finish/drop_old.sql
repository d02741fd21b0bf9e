-- What earlier versions kept in the schema rollup and this one keeps in rollup_internal.
do $$
declare
    routines text;
    users text;
begin
    select string_agg(format('rollup.%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), ', ')
      into routines
      from pg_catalog.pg_proc p
     where p.pronamespace = 'rollup'::regnamespace
       and (pg_catalog.obj_description(p.oid, 'pg_proc') like 'Internal.%' or p.proname ~ '^run_family_[0-9]+$');
    if routines is not null then
        execute format('drop routine %s', routines);
    end if;
    drop type if exists rollup.task, rollup.run, rollup.span;
exception when dependent_objects_still_exist then
    get stacked diagnostics users = pg_exception_detail;
    raise notice using message = 'internal functions of an earlier version are still used', detail = users;
end
$$;
