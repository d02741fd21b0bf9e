-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.rows_from(r rollup.rollups)
    returns timestamptz
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(r.expired_before, '-infinity');
end;
comment on function rollup.rows_from(rollup.rollups) is
    'Internal. Since when a rollup has all its rows: older buckets have expired.';
reset citus.enable_ddl_propagation;
