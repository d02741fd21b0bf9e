-- Functions run with their caller's privileges: declaring, running and expiring require privileges on the
-- package's state, the source and the targets. Every role may read the state; only the owner of the package may
-- write it unless others are granted to.
--
-- Privileges are granted once, on objects that are new or have none: a privilege that an owner has revoked stays
-- revoked.
do $$
declare
    is_first constant boolean := not exists (select from rollup_internal.migrations);
    views_are_new constant boolean := not exists (
        select from rollup_internal.migrations where string_to_array(version, '.')::int[] >= '{0,2,0}');
    made record;
begin
    for made in
        -- A role that may create a trigger with such a function chooses what it does with its owner's privileges.
        select format('revoke execute on function %s from public', p.oid::regprocedure) as statement
          from pg_catalog.pg_proc p
         where p.prosecdef and p.pronamespace in ('rollup'::regnamespace, 'rollup_internal'::regnamespace)
        union all
        select format('grant usage on schema %I to public', nspname)
          from pg_catalog.pg_namespace
         where nspname in ('rollup', 'rollup_internal', 'rollup_compat') and (is_first or nspacl is null)
        union all
        select format('grant select on %I.%I to public', n.nspname, c.relname)
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where (is_first or c.relacl is null)
           and (n.nspname = 'rollup_internal' and c.relkind = 'r'
                and c.relname in ('rollups', 'families', 'sources', 'watermarks', 'backlogs', 'tails', 'horizons',
                                  'runs', 'run_totals', 'isolations', 'roles', 'added_measures', 'expiries', 'followed_sources',
                                  'correction_totals', 'event_keys')
                or n.nspname = 'rollup' and c.relkind = 'v' and c.relname in ('status', 'retention', 'measures', 'waiting', 'metrics', 'pending_changes', 'event_keys'))
        union all
        -- The tenant and the error of an event that was set aside are values of the event.
        select format('grant select (rollup, event_id, sqlstate, set_aside_at, last_tried_at) on %s to public', c.oid::regclass)
          from pg_catalog.pg_class c
         where c.oid in ('rollup_internal.set_aside'::regclass, 'rollup.set_aside'::regclass)
           and not exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attacl is not null)
        union all
        select format('grant select (%s) on %s to public', t.columns, t.name)
          from (values ('id, source, range_from, range_to, first_id, last_id, emptied, noted_at', 'rollup_internal.changes'::regclass),
                       ('id, rollup, range_from, range_to, first_id, last_id, noted_at', 'rollup_internal.changed_buckets'),
                       ('rollup, last_at, last_samples, samples, seconds, differences, differed_at', 'rollup_internal.sample_checks'))
               t (columns, name)
         where not exists (select from pg_catalog.pg_attribute a where a.attrelid = t.name and a.attacl is not null)
        union all
        -- A table added later: a role that may move watermarks runs rollups, and runs write to it.
        select format('grant select, insert, update, delete on %s to %s', s.oid::regclass,
                      case g.grantee when 0 then 'public' else g.grantee::regrole::text end)
          from pg_catalog.pg_class w
          join pg_catalog.pg_class s
            on s.oid in ('rollup_internal.set_aside'::regclass, 'rollup_internal.changes'::regclass,
                         'rollup_internal.changed_buckets'::regclass, 'rollup_internal.correction_totals'::regclass,
                         'rollup_internal.sample_checks'::regclass, 'rollup_internal.collected_changes'::regclass)
               and s.relacl is null
         cross join lateral pg_catalog.aclexplode(w.relacl) g
         where w.oid = 'rollup_internal.watermarks'::regclass
           and g.privilege_type = 'INSERT'
           and g.grantee <> w.relowner
        union all
        -- A role that may write the ledger of loads loads in parts since 0.2.0.
        select format('grant select, insert, update on %1$s, %2$s to %3$s', l.oid::regclass, p.oid::regclass,
                      case g.grantee when 0 then 'public' else g.grantee::regrole::text end)
          from pg_catalog.pg_class l
          join pg_catalog.pg_class p on p.relnamespace = l.relnamespace and p.relname = 'load_parts' and p.relacl is null
         cross join lateral pg_catalog.aclexplode(l.relacl) g
         where l.oid in ('rollup_internal.loads'::regclass, 'rollup.loads'::regclass)
           and g.privilege_type = 'INSERT'
           and g.grantee <> l.relowner
    loop
        execute made.statement;
    end loop;

    -- A view of state gets the privileges of its table, which had the name of the view before 0.2.0.
    for made in
        select format('grant %s on rollup.%I to %s%s', g.privilege_type, v.relname,
                      case g.grantee when 0 then 'public' else g.grantee::regrole::text end,
                      case when g.is_grantable then ' with grant option' end) as statement
          from pg_catalog.pg_class v
          join pg_catalog.pg_class t on t.relname = v.relname and t.relnamespace = 'rollup_internal'::regnamespace
         cross join lateral pg_catalog.aclexplode(t.relacl) g
         where v.relnamespace = 'rollup'::regnamespace
           and v.relkind = 'v'
           and (views_are_new or v.relacl is null)
           and t.relkind = 'r'
           and g.grantee <> t.relowner
           and g.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    loop
        execute made.statement;
    end loop;
end
$$;
