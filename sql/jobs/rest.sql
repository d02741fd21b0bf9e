-- A run between two steps belongs to the step before it.
create or replace function rollup_internal.rest(job rollup.job, pause interval)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if pause > interval '0' and job.waiting[1] ->> 'do' <> 'run' then
        perform pg_sleep_for(pause);
    end if;
end
$$;
comment on function rollup_internal.rest(rollup.job, interval) is 'Pauses between two steps of a job.';
