-- On Citus the function stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.backlog_progress(
    rollup_name text, out ids_left bigint, out filled_percent numeric)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    select coalesce(sum(b.ids_left), 0), round(100 * (1 - coalesce(sum(b.ids_left) / sum(b.first_size), 0)), 1)
      into ids_left, filled_percent
      from (select sum(p.through_id - p.after_id) as ids_left, max(p.first_size) as first_size
              from rollup_internal.backlogs p
             where p.rollup = rollup_name
             group by p.node_group) b;
end
$$;
comment on function rollup_internal.backlog_progress(text) is
    'How many ids below its watermark a rollup has not counted yet, and the percentage of its backlog that is '
    'counted.';
reset citus.enable_ddl_propagation;
