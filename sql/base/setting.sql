-- The package's settings are custom parameters, so SET, ALTER ROLE, ALTER DATABASE and postgresql.conf all apply
-- to them. Their defaults are defined here only.
create or replace function rollup.setting(setting_name text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    defaults constant jsonb := '{
        "rollup.max_wait":           "10s",
        "rollup.keep_runs":          "7 days",
        "rollup.partition_interval": "1 day",
        "rollup.connections_per_node": "1",
        "rollup.max_set_aside": "1000",
        "rollup.retry_interval": "1 hour"}';
begin
    if not defaults ? setting_name then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no setting %s', setting_name);
    end if;
    return coalesce(nullif(current_setting(setting_name, true), ''), defaults ->> setting_name);
end
$$;
comment on function rollup.setting(text) is
    'Value of a setting of the package: rollup.max_wait (interval a run waits for open writers), '
    'rollup.keep_runs (interval the run ledger is kept), rollup.partition_interval, rollup.connections_per_node '
    '(to each Citus node while a run counts; above 1, a live view that is read during a commit can be off), '
    'rollup.max_set_aside (events that one run may set aside), rollup.retry_interval (interval after which an '
    'event set aside is tried again).';
