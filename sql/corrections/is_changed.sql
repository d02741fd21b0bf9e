-- Stable, so that it sees what the statement sees that calls it.
--
-- On Citus the function stays on the coordinator, where the notes are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.is_changed(rollup_name text, tenant text, bucket tstzrange)
    returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from rollup_internal.pending_changes(rollup_name) p
                    where p.times && bucket and (p.tenant = is_changed.tenant) is not false);
end
$$;
comment on function rollup_internal.is_changed(text, text, tstzrange) is
    'Whether events of a tenant and bucket have changed, and a rollup has not counted them again yet.';
reset citus.enable_ddl_propagation;
