create or replace function rollup.create_function(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup.rollups;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    perform rollup.create_coordinator_function(rollup.function_text(rollup_name), r.function_name,
        format('Counts new events of %s into %s: all of them, or at most max_events ids. Answers '
               'status (done, nothing new, busy), events counted, rows written, whether more is waiting.',
               r.source, r.target));
end
$$;
comment on function rollup.create_function(text) is 'Internal. Makes or replaces a rollup''s function.';
