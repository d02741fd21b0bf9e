-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.unload(load pg_catalog.int8, max_rows pg_catalog.int8 default 100000)
    language plpgsql
as $$
declare
    job constant rollup.job := rollup_internal.start_unload(load, max_rows);
begin
    call rollup_internal.perform_job(job);
end
$$;
comment on procedure rollup.unload(bigint, bigint) is
    'Removes the events of a load and counts the rollups again where they were counted, about max_rows events at a time, '
    'with a commit after each; call it again after an interruption. Then the content can be loaded again.';
