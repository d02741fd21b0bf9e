-- It can be interrupted at any time and resumes where it stopped. New events are counted first.
--
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.backfill(
    rollup_name pg_catalog.text, max_events pg_catalog.int8 default 100000,
    pause pg_catalog.interval default '0')
    language plpgsql
as $$
declare
    job constant rollup.job := rollup.start_job('backfill', array[rollup_name]);
begin
    call rollup_internal.perform_job(job, max_events, pause);
end
$$;
comment on procedure rollup.backfill(text, bigint, interval) is
    'Counts the history that a rollup lacks, from the newest events back, in windows of at most max_events ids, with a commit '
    'and a pause after each. Each run counts a window of a backlog too. Several sessions that call it at the same time, for a '
    'rollup or for members of its family, count different parts.';
