create or replace function rollup.take_run_lock(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    key constant bigint := hashtextextended('rollup.run', (select r.id from rollup.rollups r where r.name = rollup_name));
    deadline constant timestamptz := clock_timestamp() + rollup.setting('rollup.max_wait')::interval;
begin
    while not pg_try_advisory_xact_lock(key) loop
        if clock_timestamp() >= deadline then
            raise exception using
                errcode = 'lock_not_available',
                message = format('rollup %I is being run and was not free within %s',
                                 rollup_name, rollup.setting('rollup.max_wait')),
                hint = 'Nothing was changed. Try again when the run is over.';
        end if;
        perform pg_sleep(0.05);
    end loop;
end
$$;
comment on function rollup.take_run_lock(text) is
    'Internal. Waits for a rollup''s run to end, rollup.max_wait at most, and keeps runs away until '
    'the transaction ends: they answer busy meanwhile.';
