-- Drops objects of earlier versions that no longer exist. This transaction has written every function of the
-- package, so any function it has not written is obsolete: all of them in rollup_internal and rollup_compat; in
-- rollup, where users may have their own functions, those marked as internal, those whose signature has
-- changed, and those that have moved to rollup_internal.
do $$
declare
    now_written constant xid := pg_catalog.pg_current_xact_id()::xid;
    batch_table regclass;
begin
    perform rollup_internal.drop_obsolete(array(
        select p.oid
          from pg_catalog.pg_proc p
          join pg_catalog.pg_namespace n on n.oid = p.pronamespace
         where p.xmin <> now_written
           and n.nspname in ('rollup', 'rollup_internal', 'rollup_compat')
           and (n.nspname <> 'rollup'
                or pg_catalog.obj_description(p.oid, 'pg_proc') like 'Internal.%'
                or p.proname ~ '^run_family_[0-9]+$'
                or exists (select from pg_catalog.pg_proc w
                            where w.pronamespace = p.pronamespace and w.proname = p.proname and w.xmin = now_written)
                or exists (select from pg_catalog.pg_proc w
                            where w.pronamespace = 'rollup_internal'::regnamespace and w.proname = p.proname
                              and w.proargtypes = p.proargtypes and w.xmin = now_written
                              and pg_catalog.obj_description(p.oid, 'pg_proc') is not null))
           and not exists (select from rollup_internal.families f
                            where f.function_name = format('%I.%I', n.nspname, p.proname))),
        array_remove(array[to_regtype('rollup.task'), to_regtype('rollup.run'), to_regtype('rollup.span')], null));
    for batch_table in
        select c.oid from pg_catalog.pg_class c
         where c.relnamespace = 'rollup'::regnamespace and c.relkind = 'r' and c.relname ~ '^batch_[0-9]+$'
    loop
        execute format('drop table %s', batch_table);
    end loop;
end
$$;
