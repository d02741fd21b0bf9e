create or replace function rollup_internal.correct_step(item jsonb, out report jsonb, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    rollup_name constant text := item -> 'rollups' ->> 0;
    lock_timeout_before constant text := current_setting('lock_timeout');
    outcome record;
begin
    report := '[]';
    if not exists (select from rollup_internal.rollups r where r.name = rollup_name) then
        return;  -- dropped since the job began
    end if;
    if lock_timeout_before::interval = interval '0' or lock_timeout_before::interval > rollup_internal.wait_limit() then
        perform set_config('lock_timeout',
                           greatest(ceil(extract(epoch from rollup_internal.wait_limit()) * 1000), 1)::text, true);
    end if;
    select * into outcome from rollup_internal.correct_buckets(rollup_name, (item ->> 'noted_before')::timestamptz);
    perform set_config('lock_timeout', lock_timeout_before, true);
    more := outcome.more;
    if outcome.status = 'corrected' then
        report := jsonb_build_array(jsonb_build_object(
            'rollup', rollup_name, 'status', outcome.status, 'events', 0, 'rows', outcome.rows, 'buckets', outcome.buckets));
    end if;
end
$$;
comment on function rollup_internal.correct_step(jsonb) is
    'Counts some buckets of a rollup again whose events have changed; returns the outcome, and whether there is more to correct.';
