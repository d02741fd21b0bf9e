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
        perform rollup_internal.begin_run(array[name], max_events);  -- says which rollups there are
    end if;
    execute format('select * from %s($1)', function_name)
       into status, events, rows, more using max_events;
end
$$;
comment on function rollup.run(text, bigint) is
    'Counts new events into a rollup, all of them or at most max_events ids, in the caller''s '
    'transaction. Answers status (done, nothing new, busy: another run is at it), events counted, '
    'rows written, whether more is waiting. Raises undefined_object, and lock_not_available when an '
    'open writer outlasts rollup.max_wait.';
