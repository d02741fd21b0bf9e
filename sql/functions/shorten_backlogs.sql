-- A span below the watermark was cut from the top of a backlog.
create or replace function rollup.shorten_backlogs(run rollup.run)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from rollup.backlogs b
     using unnest(run.spans) s
     where b.rollup = any (s.rollups) and b.node_group = s.node_group
       and b.after_id = s.after_id and b.through_id = s.through_id;
    update rollup.backlogs b
       set through_id = s.after_id
      from unnest(run.spans) s
     where b.rollup = any (s.rollups) and b.node_group = s.node_group
       and b.after_id < s.after_id and b.through_id = s.through_id;
end
$$;
comment on function rollup.shorten_backlogs(rollup.run) is
    'Internal. Takes what a run has counted off the backlogs of its rollups.';
