-- Row security of pg_cron shows a role its own jobs only.
create or replace function rollup_internal.may_read_jobs()
    returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return rollup_internal.extension_schema('pg_cron') is not null
       and has_schema_privilege('cron', 'usage')
       and has_table_privilege('cron.job', 'select');
end
$$;
comment on function rollup_internal.may_read_jobs() is
    'Whether pg_cron is installed and this role may read its own jobs.';
