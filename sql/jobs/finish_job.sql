create or replace function rollup_internal.finish_job(task rollup_internal.job)
    returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(task.waiting) > 0 then
        return false;
    end if;
    if cardinality(task.failures) > 0 then
        raise exception using
            errcode = case when task.only_deferred then 'lock_not_available' else 'raise_exception' end,
            message = array_to_string(task.failures, ' '),
            hint = 'Everything else is done. See rollup.status, rollup.runs and rollup.retention.';
    end if;
    return true;
end
$$;
comment on function rollup_internal.finish_job(rollup_internal.job) is
    'Whether run_all is done. Raises what failed, once nothing is waiting any more.';
