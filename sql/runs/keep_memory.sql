-- Freeing one block of this size raises glibc's mmap threshold. Otherwise the memory of every group would be returned to
-- the system and faulted in again: hll's states are 128 kB, exactly the threshold.
create or replace function rollup_internal.keep_memory()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform octet_length(repeat(' ', 1000000));
end
$$;
comment on function rollup_internal.keep_memory() is 'Prepares the allocator of a session for counting many groups.';
