-- Refuses servers that lack required features (NULLS NOT DISTINCT was added in 15).
do $$
begin
    if pg_catalog.current_setting('server_version_num')::int < 150000 then
        raise exception using
            errcode = 'feature_not_supported',
            message = 'rollup needs PostgreSQL 15 or later',
            detail = pg_catalog.format('This server is %s.', pg_catalog.current_setting('server_version'));
    end if;
    -- Texts are truncated, sorted and compared by character.
    if pg_catalog.getdatabaseencoding() <> 'UTF8' then
        raise exception using
            errcode = 'feature_not_supported',
            message = pg_catalog.format('rollup needs a database in encoding UTF8, not %s', pg_catalog.getdatabaseencoding()),
            hint = 'Create one: create database events encoding ''UTF8'' template template0, and move the data with pg_dump.';
    end if;
    if not exists (select from pg_catalog.pg_extension where extname = 'hll')
       and not exists (select from pg_catalog.pg_available_extensions where name = 'hll')
    then
        raise exception using
            errcode = 'undefined_file',
            message = 'rollup needs the hll extension, which this server does not offer',
            hint = 'On Debian: apt-get install postgresql-<version>-hll';
    end if;
end
$$;
