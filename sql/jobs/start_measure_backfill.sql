create or replace function rollup_internal.start_measure_backfill(rollup_name text, step interval, tenant text)
    returns rollup.job
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    job rollup.job := row('{}', '{}');
    steps constant timestamptz[] := rollup_internal.measure_backfill_steps(rollup_name, step, tenant);
    -- Counts new events between the steps. A deferred run is not a failure of the backfill.
    run constant jsonb := jsonb_build_object('do', 'run', 'is_aside', true, 'rollups',
                                             array(select rollup.family_members(rollup_name)));
begin
    for n in 1 .. cardinality(steps) loop
        job.waiting := job.waiting || jsonb_build_object(
            'do', 'fill measures', 'name', rollup_name, 'tenant', tenant,
            'from', steps[n], 'to', coalesce(steps[n - 1], 'infinity'),
            'position', format('step %s of %s', n, cardinality(steps))) || run;
    end loop;
    job.waiting := job.waiting || jsonb_build_object('do', 'comment on measures', 'name', rollup_name);
    return job;
end
$$;
comment on function rollup_internal.start_measure_backfill(text, interval, text) is
    'A job that fills in added measures step by step, newest first, with a run after each step.';
