-- The package's settings are custom parameters, so SET, ALTER ROLE, ALTER DATABASE and postgresql.conf all apply
-- to them. Their defaults are defined here only.
--
-- PostgreSQL reads a number without a unit as seconds, where most users mean days. Zero needs none. Such an interval is ignored
-- with a warning, as is text that is no interval: a mistyped setting must not stop all runs.
create or replace function rollup_internal.setting(setting_name text)
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
        "rollup.retry_interval": "1 hour",
        "rollup.max_partitions": "500",
        "rollup.sites_table": "public.sites"}';
    standard constant text := defaults ->> setting_name;
    given constant text := nullif(current_setting(setting_name, true), '');
    problem text;
begin
    if not defaults ? setting_name then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no setting %s', setting_name);
    end if;
    if given is null then
        return standard;
    end if;
    if standard ~ '^[0-9]+ ?[a-z]' then
        begin
            problem := case when given ~ '(^|[[:space:]])[-+]?[0-9.]+[[:space:]]*$' and given !~ '^[[:space:]]*0+[[:space:]]*$' then
                                'has no unit'
                            when given::interval < interval '0' then 'is below zero' end;
        exception when invalid_datetime_format or datetime_field_overflow or interval_field_overflow then
            problem := 'is not an interval';
        end;
    end if;
    if problem is not null then
        raise warning using
            message = format('%s = %L %s and is ignored: %s applies', setting_name, given, problem, standard),
            hint = format('Write the unit: set %s = %L.', setting_name, standard);
        return standard;
    end if;
    return given;
end
$$;
comment on function rollup_internal.setting(text) is
    'Value of a setting of the package: rollup.max_wait (interval a run waits for open writers), '
    'rollup.keep_runs (interval the run ledger and pg_cron''s are kept), rollup.partition_interval, rollup.connections_per_node '
    '(to each Citus node while a run counts; above 1, a live view that is read during a commit can be off), '
    'rollup.max_set_aside (events that one run may set aside), rollup.retry_interval (interval after which an '
    'event set aside is tried again), rollup.max_partitions (up to which partitions are made for events of the past; 0: '
    'none are made), rollup.sites_table (see rollup.create_sites). An interval without a unit is ignored with a warning.';
