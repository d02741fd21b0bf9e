-- A step at a time, with a commit after each: it can be stopped at any moment, and goes on where it
-- was. Runs step aside while a step goes on, so what has come in meanwhile is counted after each.
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.backfill_measures(
    rollup_name pg_catalog.text, step pg_catalog.interval default '1 day',
    pause pg_catalog.interval default '0', tenant pg_catalog.text default null)
    language plpgsql
as $$
declare
    steps pg_catalog.timestamptz[] := rollup_internal.measure_backfill_steps(rollup_name, step, tenant);
    later pg_catalog.timestamptz := 'infinity';
    said pg_catalog.text;
    task rollup_internal.job;
begin
    task.waiting := array[rollup_name];
    task.failures := '{}';
    task.only_deferred := true;
    for n in 1 .. pg_catalog.cardinality(steps) loop
        said := rollup_internal.fill_measures(rollup_name, steps[n], later, tenant);
        commit;
        later := steps[n];
        if said is not null then
            raise notice 'rollup %: %; step % of %', pg_catalog.quote_ident(rollup_name), said, n, pg_catalog.cardinality(steps);
            perform rollup_internal.run_step(task, 1000000);
            commit;
            perform pg_catalog.pg_sleep_for(pause);
        end if;
    end loop;
    perform rollup_internal.comment_on_measures(rollup_name);
end
$$;
comment on procedure rollup.backfill_measures(text, interval, interval, text) is
    'Fills in measures that rollup.alter_rollup has added, from raw events, newest first, in steps of a day by '
    'default, with a commit and a pause after each, for all tenants or one. Other measures are left alone. What '
    'comes in meanwhile is counted between the steps. Stopped, it goes on where it was when it is called again; '
    'it ends where raw events were dropped.';
