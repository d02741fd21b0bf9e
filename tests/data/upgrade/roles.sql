-- Roles are the server's, not the database's: a dump only names them. Citus logs in as them on its nodes.
do $$
declare
    role_name name;
begin
    foreach role_name in array '{upgrade_reader,upgrade_runner,upgrade_writer,upgrade_loader}'::name[] loop
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
            execute format('create role %I login', role_name);
        end if;
    end loop;
    grant upgrade_writer to upgrade_loader;
end
$$;
