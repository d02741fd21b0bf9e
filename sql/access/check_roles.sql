create or replace function rollup.check_roles(
    out role name, out purpose text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_column
declare
    found_role record;
    missing text[];
    excess text[];
    may_change regclass;
begin
    for found_role in
        select x.role, r.rolname, x.purpose, r.rolsuper, r.rolbypassrls, r.rolcanlogin
          from rollup_internal.roles x join pg_roles r on r.oid = x.role
         order by r.rolname, x.purpose
    loop
        role := found_role.rolname;
        purpose := found_role.purpose;
        status := 'ok';
        todo := null;
        select array_agg(format('%s on %s', p.privilege, p.object)) into missing
          from rollup_internal.role_privileges(found_role.purpose) p
         where not rollup_internal.has_privilege(found_role.role, p.kind, p.object, p.privilege);
        excess := '{}';
        if found_role.purpose <> 'admin' then
            if found_role.rolsuper then
                excess := excess || 'it is a superuser'::text;
                todo := format('alter role %I nosuperuser', role);
            elsif found_role.rolbypassrls and found_role.purpose in ('reader', 'monitor') then
                excess := excess || 'it bypasses row-level security'::text;
                todo := format('alter role %I nobypassrls', role);
            end if;
        end if;
        if found_role.purpose in ('reader', 'monitor', 'writer') and not found_role.rolsuper then
            for may_change in
                select x.relation
                  from (select r.target as relation from rollup_internal.rollups r join pg_class c on c.oid = r.target
                        union select 'rollup_internal.watermarks'::regclass) x
                 where has_table_privilege(found_role.role, x.relation, 'insert, update, delete, truncate')
                 order by x.relation
            loop
                excess := excess || format('it may change %s', may_change);
                todo := format('revoke insert, update, delete, truncate on %s from %I', may_change, role);
            end loop;
        end if;
        if found_role.purpose in ('runner', 'loader') and not found_role.rolbypassrls and not found_role.rolsuper
           and exists (select from rollup_internal.isolations i join pg_class c on c.oid = i.source
                        where not pg_has_role(found_role.role, c.relowner, 'usage')) then
            excess := excess || 'row-level security hides events from it'::text;
            todo := format('alter role %I bypassrls', role);
        end if;
        if excess <> '{}' then
            status := 'fail';
            finding := array_to_string(excess, '; ');
        elsif missing is not null then
            status := 'warn';
            finding := 'it lacks ' || array_to_string(missing, ', ');
            todo := format('select rollup.grant_role(%L, %L)', role, purpose);
        else
            finding := 'it has what it needs';
        end if;
        return next;
    end loop;
end
$$;
comment on function rollup.check_roles() is
    'For each role of rollup.grant_role: privileges that it lacks, for example on a rollup that was declared since, and '
    'those that it should not have.';
