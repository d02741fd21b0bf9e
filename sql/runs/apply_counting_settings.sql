-- Settings that cannot be in a SET clause. The caller has a SET clause for the number of counters, which restores
-- the setting when the caller returns, except for a role that may not have one (rollup_internal.may_set). Citus
-- workers keep theirs until the transaction ends.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.apply_counting_settings(r rollup_internal.rollups)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config(s.name, s.value, true) from rollup_internal.measure_settings(r) s;
    perform rollup_internal.propagate_settings();
    perform rollup_internal.keep_memory();
end
$$;
comment on function rollup_internal.apply_counting_settings(rollup_internal.rollups) is
    'Prepares a session for counting outside of runs: also applies the settings that a rollup''s measures need.';
reset citus.enable_ddl_propagation;
