create or replace function rollup.run(
    name text, max_events bigint default null,
    out status text, out events bigint, out rows bigint, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(name);
begin
    -- Its schema may have been renamed.
    if to_regprocedure(r.function_name || '(bigint)') is null then
        perform rollup_internal.require_same_tables(r);
        raise exception using
            errcode = 'undefined_function',
            message = format('function %s(bigint) of rollup %I no longer exists', r.function_name, name),
            hint = format('select rollup.accept_source(%L)', name);
    end if;
    execute format('select * from %s($1)', r.function_name)
       into status, events, rows, more using max_events;
end
$$;
comment on function rollup.run(text, bigint) is
    'Counts new events into a rollup, all of them or at most max_events ids, in the caller''s transaction. '
    'Returns status (done, nothing new, busy: another run is in progress), events counted, rows written, whether '
    'there are more to count. Raises undefined_object, and lock_not_available when an open writer takes longer '
    'than rollup.max_wait.';
