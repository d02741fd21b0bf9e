-- Every item gets a turn, and waits take at most half of the available time. After that, a step that is unlikely
-- to finish in time is left to the next call. What follows the last step needs time too.
create or replace function rollup_internal.has_time(step_began timestamptz, steps int, items int)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    needed constant interval := case when steps < items then '0' else greatest(2 * (clock_timestamp() - step_began), interval '50 ms') end;
begin
    return coalesce(rollup_internal.statement_time_left() > needed, true);
end
$$;
comment on function rollup_internal.has_time(timestamptz, int, int) is
    'Whether statement_timeout leaves time for another step of a job, given the number of steps done and of '
    'items.';
