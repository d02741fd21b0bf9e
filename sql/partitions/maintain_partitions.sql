-- pg_partman leaves the session with the search_path it found, which inside a function with a SET clause would be
-- that of the function. This function therefore has no SET clause and restores the caller's search_path: by RESET
-- if the path comes from the role or the database, since behind a pooler other clients use the same session.
create or replace function rollup.maintain_partitions()
    returns void
    language plpgsql
    volatile
as $$
declare
    search_path_before constant pg_catalog.text := pg_catalog.current_setting('search_path');
begin
    perform rollup_internal.maintain_all_partitions();
    reset search_path;
    if pg_catalog.current_setting('search_path') operator(pg_catalog.<>) search_path_before then
        perform pg_catalog.set_config('search_path', search_path_before, false);
    end if;
end
$$;
comment on function rollup.maintain_partitions() is
    'Creates the upcoming partitions of every source and rollup managed by pg_partman, in any supported version, '
    'of rollups declared with a partition_interval, and of sources with one (rollup.set_partition_interval). Moves rows that wait in the default partition into them.';
