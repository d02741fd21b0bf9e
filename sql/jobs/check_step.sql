create or replace function rollup_internal.check_step(item jsonb, out report jsonb, out failure jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    rollup_name constant text := item -> 'rollups' ->> 0;
    outcome record;
begin
    report := '[]';
    if not exists (select from rollup_internal.rollups r where r.name = rollup_name) then
        return;  -- dropped since the job began
    end if;
    select * into outcome from rollup_internal.check_sample(rollup_name, make_interval(secs => (item ->> 'seconds')::float8));
    report := jsonb_build_array(jsonb_build_object(
        'name', rollup_name, 'kind', 'rollup', 'action', 'checked', 'rows', outcome.samples));
    if outcome.differing <> '[]' then
        failure := jsonb_build_object(
            'sqlstate', '55000',
            'message', format('rollup %I differs from its events in %s of %s samples', rollup_name,
                              jsonb_array_length(outcome.differing), outcome.samples),
            'detail', null,
            'hint', format('See the difference: select * from rollup.verify(%L).', rollup_name));
    end if;
end
$$;
comment on function rollup_internal.check_step(jsonb) is
    'Compares a sample of a rollup with its events; returns how many, and the failure that a difference amounts to.';
