-- This transaction has written every function of the analytics, so a function in its schemas that it has not written is
-- obsolete. Functions of the package have a comment.
do $$
begin
    perform rollup_internal.drop_obsolete(array(
        select p.oid
          from pg_catalog.pg_proc p
         where p.xmin <> pg_catalog.pg_current_xact_id()::xid
           and p.pronamespace = any ('{rollup_analytics,rollup_analytics_internal}'::regnamespace[])
           and pg_catalog.obj_description(p.oid, 'pg_proc') is not null));
end
$$;
