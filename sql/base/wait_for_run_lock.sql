-- Queues for the lock, whereas a run only tries it and returns busy. Consecutive runs therefore cannot keep it
-- waiting indefinitely.
create or replace function rollup_internal.wait_for_run_lock(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set lock_timeout = 0
as $$
declare
    key constant bigint := hashtextextended('rollup.run', (select r.id from rollup_internal.rollups r where r.name = rollup_name));
    max_wait constant interval := rollup_internal.wait_limit();
begin
    perform set_config('lock_timeout', greatest(ceil(extract(epoch from max_wait) * 1000), 1)::text, true);
    perform pg_advisory_xact_lock(key);
exception when lock_not_available then
    raise exception using
        errcode = 'lock_not_available',
        message = format('rollup %I is being run and was not free within %ss', rollup_name,
                         trim_scale(round(extract(epoch from max_wait), 3))),
        hint = 'Nothing was changed. Try again when the run is over.';
end
$$;
comment on function rollup_internal.wait_for_run_lock(text) is
    'Waits for a rollup''s run to end, for rollup_internal.wait_limit() at most, and blocks further runs until '
    'the transaction ends: they return busy meanwhile.';
