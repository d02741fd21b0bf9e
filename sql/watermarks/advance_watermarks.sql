-- A span below the watermark was cut from the top of a backlog.
create or replace function rollup_internal.advance_watermarks(run rollup_internal.run_state)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from rollup_internal.backlogs b
     using unnest(run.id_ranges) s
     where b.rollup = any (s.rollups) and b.node_group = s.node_group
       and b.after_id = s.after_id and b.through_id = s.through_id;
    update rollup_internal.backlogs b
       set through_id = s.after_id
      from unnest(run.id_ranges) s
     where b.rollup = any (s.rollups) and b.node_group = s.node_group
       and b.after_id < s.after_id and b.through_id = s.through_id;
end
$$;
comment on function rollup_internal.advance_watermarks(rollup_internal.run_state) is
    'Takes what a run has counted off the backlogs of its rollups.';
