-- Citus does not pass a function's SET clauses to its workers, but it does pass SET LOCAL.
create or replace function rollup_internal.propagate_settings()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    setting text;
begin
    if rollup_internal.extension_schema('citus') is null then
        return;
    end if;
    for setting in select s.name from rollup_internal.counting_settings() s loop
        if current_setting(setting, true) <> '' and not (setting like 'enable%' and current_setting(setting) = 'on') then
            execute format('set local %s = %L', setting, current_setting(setting));
        end if;
    end loop;
end
$$;
comment on function rollup_internal.propagate_settings() is
    'Applies the settings of the calling function on Citus workers until the transaction ends.';
