-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.rows_from(r rollup_internal.rollups)
    returns timestamptz
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(r.expired_before, '-infinity');
end;
comment on function rollup_internal.rows_from(rollup_internal.rollups) is
    'Since when a rollup has all its rows: older buckets have expired.';
reset citus.enable_ddl_propagation;
