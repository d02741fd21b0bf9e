-- Rebuilds a long range in short transactions: each step is complete before the next begins.
--
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.rebuild_in_steps(
    rollup_name pg_catalog.text, range_from pg_catalog.timestamptz default null,
    range_to pg_catalog.timestamptz default null, tenant pg_catalog.text default null,
    step pg_catalog.interval default '1 day', accept_loss pg_catalog.bool default false)
    language plpgsql
as $$
declare
    job constant rollup.job := rollup.start_job('rebuild', array[rollup_name], step, tenant, range_from, range_to, accept_loss);
begin
    call rollup_internal.perform_job(job);
end
$$;
comment on procedure rollup.rebuild_in_steps(text, timestamptz, timestamptz, text, interval, boolean) is
    'As rollup.rebuild, for a long range: a day at a time by default, with a commit after each.';
