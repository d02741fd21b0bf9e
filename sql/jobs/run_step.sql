-- If another session holds a lock on the source or a target, the run is deferred, as it is for an open writer. The
-- job does not wait.
create or replace function rollup_internal.run_step(item jsonb, max_events bigint, out report jsonb, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    -- A rollup that was dropped since the job began is skipped.
    members constant text[] := array(
        select r.name from jsonb_array_elements_text(item -> 'rollups') with ordinality m (name, position)
          join rollup_internal.rollups r using (name) order by m.position);
    lock_timeout_before constant text := current_setting('lock_timeout');
begin
    report := '[]';
    if members = '{}' then
        return;
    end if;
    if lock_timeout_before::interval = interval '0' or lock_timeout_before::interval > rollup_internal.wait_limit() then
        perform set_config('lock_timeout',
                           greatest(ceil(extract(epoch from rollup_internal.wait_limit()) * 1000), 1)::text, true);
    end if;
    if cardinality(members) > 1 then
        select jsonb_agg(rollup_internal.run_report(f.rollup, f.status, f.events, f.rows)), bool_or(f.more)
          into report, more
          from rollup.run_family(members[1], max_events) f;
    else
        select jsonb_build_array(rollup_internal.run_report(members[1], r.status, r.events, r.rows)), r.more
          into report, more
          from rollup.run(members[1], max_events) r;
    end if;
    perform set_config('lock_timeout', lock_timeout_before, true);
end
$$;
comment on function rollup_internal.run_step(jsonb, bigint) is
    'Counts one window of a family or of one rollup; returns the outcome for each rollup, and whether there is '
    'more to count.';
