-- Functions run with their caller's privileges. Privileges are granted once, to schemas and tables that have none,
-- so that a privilege that an owner has revoked stays revoked. Alerts show numbers of all tenants, and receivers may hold
-- tokens: who may read them is granted by hand.
do $$
declare
    made record;
begin
    for made in
        select format('grant usage on schema %I to public', nspname) as statement
          from pg_catalog.pg_namespace
         where nspname in ('rollup_analytics', 'rollup_analytics_internal') and nspacl is null
        union all
        select format('grant %s on %s to public', case relname when 'report_runs' then 'select, insert' else 'select' end, oid::regclass)
          from pg_catalog.pg_class
         where relnamespace = 'rollup_analytics'::regnamespace and relkind in ('r', 'v') and relacl is null
           and relname !~ '^alert'
    loop
        execute made.statement;
    end loop;
end
$$;
