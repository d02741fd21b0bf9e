create or replace function rollup_internal.start_rebuild(
    rollup_name text, range_from timestamptz, range_to timestamptz, tenant text, step interval, accept_loss boolean)
    returns rollup.job
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    job rollup.job := row('{}', '{}');
begin
    job.waiting := array(
        select jsonb_build_object('do', 'rebuild', 'name', rollup_name, 'tenant', tenant, 'accept_loss', accept_loss,
                                  'from', s.step_from, 'to', s.step_to)
          from rollup_internal.rebuild_steps(rollup_name, range_from, range_to, step) s
         order by s.step_from nulls first);
    return job;
end
$$;
comment on function rollup_internal.start_rebuild(text, timestamptz, timestamptz, text, interval, boolean) is
    'A job that rebuilds a range of a rollup step by step, oldest first.';
