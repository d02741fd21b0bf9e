-- Functions run with their caller's rights: declaring, running and expiring take rights on the
-- package's state, the source and the targets. Everyone may see how things stand; nobody but
-- the owner of the package writes its state unless granted.
grant usage on schema rollup, rollup_internal, rollup_compat to public;
grant select on rollup_internal.rollups, rollup_internal.families, rollup_internal.sources,
    rollup_internal.watermarks, rollup_internal.backlogs, rollup_internal.tails, rollup_internal.horizons,
    rollup_internal.runs, rollup_internal.added_measures, rollup_internal.set_aside to public;
grant select on rollup.rollups, rollup.families, rollup.sources, rollup.watermarks, rollup.backlogs,
    rollup.runs, rollup.set_aside, rollup.status, rollup.retention, rollup.measures to public;

-- A role that was granted a right on state has it on the view of it too: before 0.2.0 the tables were
-- where the views are now.
do $$
declare
    wanted record;
begin
    for wanted in
        select v.relname, g.privilege_type, g.grantee, g.is_grantable
          from pg_catalog.pg_class v
          join pg_catalog.pg_class t on t.relname = v.relname and t.relnamespace = 'rollup_internal'::regnamespace
         cross join lateral pg_catalog.aclexplode(t.relacl) g
         where v.relnamespace = 'rollup'::regnamespace
           and v.relkind = 'v'
           and t.relkind = 'r'
           and g.grantee <> t.relowner
           and g.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
           and not exists (select from pg_catalog.aclexplode(v.relacl) h
                            where h.grantee = g.grantee and h.privilege_type = g.privilege_type
                              and h.is_grantable >= g.is_grantable)
    loop
        execute pg_catalog.format('grant %s on rollup.%I to %s%s', wanted.privilege_type, wanted.relname,
            case wanted.grantee when 0 then 'public' else wanted.grantee::regrole::text end,
            case when wanted.is_grantable then ' with grant option' end);
    end loop;
end
$$;
