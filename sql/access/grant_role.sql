-- Running needs no ownership: events and sequences are read, rows of rollups and the state of runs are written.
-- Partitions are created and dropped by the owner of the tables only, so expiry stays with the owner.
create or replace function rollup.grant_role(role_name name, purpose text)
    returns setof text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    role oid := (select r.oid from pg_roles r where r.rolname = role_name);
    statement text;
begin
    if role is null then
        raise exception using
            errcode = 'undefined_object',
            message = format('role %I does not exist', role_name),
            hint = format('create role %I login', role_name);
    end if;
    if purpose <> all ('{admin,runner,writer,loader,reader,monitor}') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('"%s" is not a purpose of a role', purpose),
            hint = 'There are: admin, runner, writer, loader, reader, monitor.';
    end if;
    if has_table_privilege('rollup_internal.roles', 'insert') then
        insert into rollup_internal.roles (role, purpose) values (role, purpose) on conflict do nothing;
    end if;
    for statement in
        select rollup_internal.grant_text(role, p.kind, p.object, p.privilege)
          from rollup_internal.role_privileges(purpose) p
         where not rollup_internal.has_privilege(role, p.kind, p.object, p.privilege)
    loop
        execute statement;
        return next statement;
    end loop;
end
$$;
comment on function rollup.grant_role(name, text) is
    'Grants a role what it needs for a purpose and the rollups that are declared now, and returns the statements: admin '
    'does everything, a runner runs rollups, a writer inserts events, a loader also maintains the ledger of files, a '
    'reader reads rollups and their views, a monitor reads their state without reading events. Call it again after a new '
    'rollup has been declared; rollup.check_roles says where that is necessary.';
