-- Commits after each step, so that a long job is not a long transaction and an interruption keeps completed steps.
-- Each transaction is read write and read committed, regardless of the session's default: at another isolation
-- level a run would not see the transactions it has waited for. The first commit ends the transaction of the CALL,
-- which already has a snapshot.
--
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup_internal.perform_job(
    job rollup.job, max_size pg_catalog.int8 default 1000000, pause pg_catalog.interval default '0')
    language plpgsql
as $$
declare
    -- A source is looked at before its first partition is dropped.
    items constant pg_catalog.int4 := (
        select pg_catalog.count(*) operator(pg_catalog.+)
               pg_catalog.count(*) filter (where i.item operator(pg_catalog.->>) 'do' operator(pg_catalog.=) 'expire')
          from pg_catalog.unnest(job.waiting) i (item));
    steps pg_catalog.int4 := 0;
    step_began pg_catalog.timestamptz;
    step record;
begin
    commit;
    set transaction isolation level read committed, read write;
    loop
        step_began := pg_catalog.clock_timestamp();
        step := rollup.next_step(job, max_size);
        job := step.job;
        steps := steps operator(pg_catalog.+) 1;
        commit;
        set transaction isolation level read committed, read write;
        exit when not step.more or not rollup_internal.has_time(step_began, steps, items);
        perform rollup_internal.rest(job, pause);
    end loop;
    perform rollup_internal.finish_job(job);
end
$$;
comment on procedure rollup_internal.perform_job(rollup.job, bigint, interval) is
    'Performs all steps of a job, with a commit and a pause after each, then raises the failures.';
