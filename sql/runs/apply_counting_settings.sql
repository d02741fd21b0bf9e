-- What SET clauses cannot say. The caller has a SET clause for the number of counters, which takes the setting back
-- when the caller returns, but for a role that may have none (rollup_internal.may_set). Citus workers have theirs
-- until the transaction ends.
create or replace function rollup_internal.apply_counting_settings(measures json)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('topn.number_of_counters',
                       coalesce(rollup_internal.max_top_counters(measures), 1000)::text, true);
    perform rollup_internal.propagate_settings();
    -- Freeing one block of this size teaches glibc to keep memory it would otherwise return to
    -- the system after every group and fault in again: hll's states are 128 kB, just at its limit.
    perform length(repeat(' ', 4000000));
end
$$;
comment on function rollup_internal.apply_counting_settings(json) is
    'Prepares a session for counting: the size of top lists, the settings of Citus workers, and the allocator.';
