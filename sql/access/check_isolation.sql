create or replace function rollup_internal.check_isolation(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    i rollup_internal.isolations;
    problems text[];
    wrong text;
begin
    for i in select x.* from rollup_internal.isolations x join pg_class c on c.oid = x.source order by x.source loop
        problems := '{}';
        check_name := format('isolation of %s', i.source);
        todo := format('select rollup.isolate(%L, %s)', i.source, case
            when i.setting is not null then format('setting => %L', i.setting)
            else format('members => %L, member_column => %L, members_tenant => %L', i.members, i.member_column, i.members_tenant) end
            || coalesce(format(', reader => %L', i.reader), ''));
        select string_agg(t.relation::text, ', ') into wrong
          from (select i.source union select r.target from rollup_internal.rollups r where r.source = i.source) t (relation)
          join pg_class c on c.oid = t.relation
         where not c.relrowsecurity
            or not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'rollup_isolation');
        problems := problems || ('row-level security is off on ' || wrong);
        select string_agg(v.name, ', ') into wrong
          from rollup_internal.rollups r
         cross join lateral rollup_internal.view_name(r.target, 'live') v (name)
          join pg_class c on c.oid = to_regclass(v.name)
         where r.source = i.source and not coalesce(c.reloptions @> '{security_barrier=true}', false);
        problems := problems || ('no security barrier in ' || wrong);
        select string_agg(distinct p.partition::text || ' to ' || case g.grantee when 0 then 'public' else g.grantee::regrole::text end, ', ')
          into wrong
          from (select i.source union select r.target from rollup_internal.rollups r where r.source = i.source) t (relation)
         cross join lateral rollup.partitions(t.relation) p
          join pg_class c on c.oid = p.partition
         cross join lateral aclexplode(c.relacl) g
          left join pg_roles o on o.oid = g.grantee
         where g.grantee <> c.relowner and g.privilege_type = 'SELECT'
           and (i.reader is null or o.oid is null or pg_has_role(i.reader, o.oid, 'usage')) and not coalesce(o.rolbypassrls or o.rolsuper, false);
        if wrong is not null then
            problems := problems || ('partitions are readable by themselves: ' || wrong);
            todo := 'revoke these privileges: policies of a partitioned table do not apply to its partitions';
        end if;
        if i.reader is null
           and (has_table_privilege('public', 'rollup_internal.runs', 'select')
                or has_column_privilege('public', 'rollup_internal.set_aside', 'reason', 'select')) then
            problems := problems || 'every role may read errors of runs, which may contain values of events'::text;
        end if;
        problems := array_remove(problems, null);
        status := case when problems = '{}' then 'ok' else 'fail' end;
        finding := case when problems = '{}' then format('%s sees its own tenants', coalesce(quote_ident(i.reader), 'each role')) else array_to_string(problems, '; ') end;
        if problems = '{}' then
            todo := null;
        end if;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_isolation() is 'Part of rollup.doctor: tables, views and privileges that bypass rollup.isolate.';
