create or replace function rollup_internal.restrict_ledger()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    statement text;
begin
    for statement in
        select format('grant select on rollup_internal.runs to %I', o.rolname)
          from pg_class c
         cross join lateral aclexplode(c.relacl) g
          join pg_roles o on o.oid = g.grantee
         where c.oid = 'rollup_internal.runs'::regclass and g.privilege_type = 'INSERT' and g.grantee <> c.relowner
    loop
        execute statement;
    end loop;
    revoke select on rollup_internal.runs from public;
end
$$;
comment on function rollup_internal.restrict_ledger() is
    'Lets only roles that run rollups read the errors of runs.';
