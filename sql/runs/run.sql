create or replace function rollup.run(
    name text, max_events bigint default null,
    out status text, out events bigint, out rows bigint, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    function_name text := (select r.function_name from rollup_internal.rollups r where r.name = run.name);
begin
    if function_name is null then
        perform rollup_internal.begin_run(array[name], max_events);  -- raises the error for an unknown rollup
    end if;
    execute format('select * from %s($1)', function_name)
       into status, events, rows, more using max_events;
end
$$;
comment on function rollup.run(text, bigint) is
    'Counts new events into a rollup, all of them or at most max_events ids, in the caller''s transaction. '
    'Returns status (done, nothing new, busy: another run is in progress), events counted, rows written, whether '
    'there are more to count. Raises undefined_object, and lock_not_available when an open writer takes longer '
    'than rollup.max_wait.';
