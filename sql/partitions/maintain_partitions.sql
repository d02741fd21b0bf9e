-- pg_partman leaves the session with the search_path it found, which inside any function that
-- fixes its own would be that one. So this function fixes none, and gives the caller's back: by a
-- reset where the path is the role's or the database's, since behind a pooler the session is not the
-- caller's alone.
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
    'Makes the coming partitions of every source and rollup that pg_partman looks after, whichever its '
    'version, and of rollups declared with a partition_interval; moves what waits for one of them in '
    'the default partition there.';
