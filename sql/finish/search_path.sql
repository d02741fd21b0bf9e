-- Dashboard queries call topn(...) and sum(...) without a schema, so rollup_compat must be in search_path, as the
-- last schema. The setting of the database applies to later sessions, set_config to the installing one. A path set
-- for a role overrides that of the database and is not changed.
do $$
declare
    configured text := (
        select pg_catalog.substr(entry, pg_catalog.length('search_path=') + 1)
          from pg_catalog.pg_db_role_setting s
         cross join pg_catalog.unnest(s.setconfig) entry
         where s.setdatabase = (select oid from pg_catalog.pg_database
                                 where datname = pg_catalog.current_database())
           and s.setrole = 0
           and entry like 'search_path=%');
begin
    -- Without a setting of its own the database uses the server's. (The value in this session may come
    -- from the session or its role.)
    configured := coalesce(configured, (
        select case source when 'configuration file' then setting else boot_val end
          from pg_catalog.pg_settings where name = 'search_path'));
    if configured !~ '[[:<:]]rollup_compat[[:>:]]' then
        execute pg_catalog.format(
            'alter database %I set search_path = %s', pg_catalog.current_database(),
            pg_catalog.concat_ws(', ', nullif(configured, '""'), 'rollup_compat'));
    end if;

    -- The path that sql/prepare/lock.sql replaced; what the session lacks is added to it.
    perform pg_catalog.set_config('search_path', i.search_path, true) from pg_temp.installer i;
    perform pg_catalog.set_config(
        'search_path', pg_catalog.concat_ws(', ', nullif(i.search_path, '""'), 'rollup_compat'), false)
       from pg_temp.installer i
      where not i.finds_compat;
end
$$;
