-- Only rollups with quantiles need tdigest. The extension is therefore created when the first such rollup is
-- declared, not by the installation.
create or replace function rollup_internal.ensure_tdigest(measure_name text)
    returns name
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if rollup_internal.extension_schema('tdigest') is null then
        if not exists (select from pg_available_extensions where name = 'tdigest') then
            raise exception using
                errcode = 'undefined_file',
                message = format('measure %I: quantiles need the tdigest extension, which this server does not offer', measure_name),
                hint = format('On Debian: apt-get install postgresql-%s-tdigest',
                              current_setting('server_version_num')::int / 10000);
        end if;
        begin
            create extension tdigest schema public;
        exception when insufficient_privilege then
            raise exception using
                errcode = 'insufficient_privilege',
                message = format('measure %I: quantiles need the tdigest extension, which is not created', measure_name),
                hint = 'Have a superuser run: create extension tdigest schema public';
        end;
    end if;
    return rollup_internal.extension_schema('tdigest');
end
$$;
comment on function rollup_internal.ensure_tdigest(text) is
    'The schema of the tdigest extension, which is created if necessary.';
