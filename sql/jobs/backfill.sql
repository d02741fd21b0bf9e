-- A window at a time, with a commit after each: it can be stopped at any moment, goes on where it
-- was, and what comes in meanwhile is counted first.
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.backfill(
    rollup_name pg_catalog.text, max_events pg_catalog.int8 default 100000,
    pause pg_catalog.interval default '0')
    language plpgsql
as $$
declare
    more pg_catalog.bool;
begin
    loop
        more := rollup_internal.backlog_step(rollup_name, max_events);
        commit;
        exit when not more;
        perform pg_catalog.pg_sleep_for(pause);
    end loop;
end
$$;
comment on procedure rollup.backfill(text, bigint, interval) is
    'Counts what a rollup that is filled newest first has still to count, from the newest back, in '
    'windows of at most max_events ids, with a commit and a pause after each. Each run counts one such window too.';
