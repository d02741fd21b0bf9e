create or replace function rollup_internal.create_rollup_function(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
begin
    perform rollup_internal.create_generated_function(
        rollup_internal.counting_function_text(r.function_name, array[r.name], is_family => false),
        r.function_name,
        format('Counts new events of %s into %s: all of them, or at most max_events ids. Answers '
               'status (done, nothing new, busy), events counted, rows written, whether more is waiting.',
               r.source, r.target));
end
$$;
comment on function rollup_internal.create_rollup_function(text) is 'Creates or replaces a rollup''s function.';
