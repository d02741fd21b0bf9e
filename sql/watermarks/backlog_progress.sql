-- On Citus the function stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.backlog_progress(
    rollup_name text, out ids_left bigint, out filled_percent numeric)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    select coalesce(sum(b.through_id - b.after_id), 0),
           round(100 * (1 - coalesce(sum(b.through_id - b.after_id) / sum(b.first_size), 0)), 1)
      into ids_left, filled_percent
      from rollup_internal.backlogs b
     where b.rollup = rollup_name;
end
$$;
comment on function rollup_internal.backlog_progress(text) is
    'How many ids below its watermark a rollup has not counted yet, and the percentage of its backlog that is '
    'counted.';
reset citus.enable_ddl_propagation;
