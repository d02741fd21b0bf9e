-- Row-level security is for one role, to which a service changes for the key of one site: other roles see what they saw.
-- It keeps roles that own nothing from COPY and from runs, so a table of which another role may write rows stays as it
-- is, and its administrator decides. All sources or none, so that a service knows which role to take.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.isolate_reader()
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    reading constant name := 'rollup_serve_reader';
    sites constant regclass := rollup.find_sites();
    problem text;
    statement text;
    relation regclass;
begin
    if to_regrole(reading) is null then
        if not (select o.rolsuper or o.rolcreaterole from pg_roles o where o.rolname = current_user) then
            return format('%I may not create the role %I', current_user, reading);
        end if;
        execute format('create role %I nologin', reading);
        execute format('grant %I to %I', reading, current_user);
    elsif not pg_has_role(reading, 'member') then
        return format('role %I is not granted to %I', reading, current_user);
    end if;
    select format('%s %s', t.relation, case
               when t.is_distributed then 'is distributed'
               when i.source is not null then 'is isolated in another way'
               when not pg_has_role(c.relowner, 'usage') then format('is owned by %I', c.relowner::regrole::text)
               else format('may be written by %s', w.role) end)
      into problem
      from (select r.source as relation, rollup_internal.is_distributed(r.source) as is_distributed
              from rollup_internal.rollups r where r.tenant is not null
             union select sites, rollup_internal.is_distributed(sites)) t
      join pg_class c on c.oid = t.relation
      left join rollup_internal.isolations i
        on i.source = t.relation and (i.reader, i.setting) is distinct from (reading, 'rollup_serve.tenant')
      left join lateral (select coalesce(o.rolname::text, 'every role') as role
                           from aclexplode(c.relacl) a left join pg_roles o on o.oid = a.grantee
                          where a.privilege_type = 'INSERT' and a.grantee <> c.relowner
                            and not coalesce(o.rolsuper or o.rolbypassrls or pg_has_role(o.oid, c.relowner, 'usage'), false)
                          limit 1) w on true
     where t.is_distributed or i.source is not null or w.role is not null or not pg_has_role(c.relowner, 'usage')
     limit 1;
    if problem is not null then
        return problem;
    end if;
    for relation in
        select distinct r.source from rollup_internal.rollups r
         where r.tenant is not null and not exists (select from rollup_internal.isolations i where i.source = r.source)
    loop
        perform rollup.isolate(relation, setting => 'rollup_serve.tenant', reader => reading);
    end loop;
    perform rollup_internal.isolate_table(sites, format(
        '(current_user operator(pg_catalog.<>) %L or customer_id operator(pg_catalog.=) nullif(pg_catalog.current_setting(%L, true), %L)::bigint)',
        reading, 'rollup_serve.tenant', ''));
    if to_regclass('rollup_analytics.alert_states') is not null then
        perform rollup_internal.isolate_table('rollup_analytics.alert_states', format(
            '(current_user operator(pg_catalog.<>) %L or subject operator(pg_catalog.=) pg_catalog.current_setting(%L, true))',
            reading, 'rollup_serve.tenant'));
    end if;
    perform rollup.grant_role(reading, 'reader');
    for statement in
        select rollup_internal.grant_text(reading::regrole, p.kind, p.object, p.privilege)
          from (select 'table', r.source::text, 'select' from rollup_internal.rollups r where r.tenant is not null
                union select 'schema', c.relnamespace::regnamespace::text, 'usage'
                  from rollup_internal.rollups r join pg_class c on c.oid in (r.source, sites) where r.tenant is not null
                union select 'sequence', r.id_sequence::text, 'select'
                  from rollup_internal.rollups r join pg_class c on c.oid = r.id_sequence where r.tenant is not null
                union select 'table', concat('rollup_analytics.', t.name), 'select'
                  from unnest(array['alert_rules', 'alert_states', 'alert_silences']) t (name)
                 where to_regclass(concat('rollup_analytics.', t.name)) is not null
                union select 'table', sites::text, 'select'
                union select 'table', 'rollup_serve.fields', 'select') p (kind, object, privilege)
         where not rollup_internal.has_privilege(reading::regrole, p.kind, p.object, p.privilege)
    loop
        execute statement;
    end loop;
    return null;
end
$$;
comment on function rollup_serve.isolate_reader() is
    'Makes the role rollup_serve_reader, which sees the rows of the tenant in the setting rollup_serve.tenant only, by '
    'row-level security on all sources, their rollups, the sites and alerts. Returns why that is not possible, or NULL. Calling it '
    'again includes rollups that were declared later.';
reset citus.enable_ddl_propagation;
