-- Not in the first schema of search_path: for a role called rollup, "$user" is the package's schema.
do $$
begin
    if not exists (select from pg_catalog.pg_extension where extname = 'hll') then
        create extension hll schema public;
    end if;
end
$$;

-- TopN in C if the server offers it; sql/compat replaces it if not, or if this role may not create it.
do $$
begin
    if exists (select from pg_catalog.pg_available_extensions
                where name = 'topn' and installed_version is null)
    then
        create extension topn schema public;
    end if;
exception when insufficient_privilege then
    null;
end
$$;

-- pg_cron runs in one database of a server. If it is this one, the extension is created now; a role
-- that may not create it can install everything else. On Citus the workers' pg_cron may have another
-- database, so the extension stays on the coordinator.
do $$
declare
    propagation constant text := pg_catalog.current_setting('citus.enable_ddl_propagation', true);
begin
    if exists (select from pg_catalog.pg_settings
                where name = 'cron.database_name' and setting = pg_catalog.current_database())
       and not exists (select from pg_catalog.pg_extension where extname = 'pg_cron')
       and exists (select from pg_catalog.pg_available_extensions where name = 'pg_cron')
    then
        perform pg_catalog.set_config('citus.enable_ddl_propagation', 'off', true);
        create extension pg_cron;
        perform pg_catalog.set_config('citus.enable_ddl_propagation', propagation, true)
          where propagation is not null;
    end if;
exception when insufficient_privilege then
    null;
end
$$;
