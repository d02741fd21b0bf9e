-- Watermarks, backlogs and tails move together, in the transaction that counted. An id range below a watermark was
-- cut from the top of a backlog.
create or replace function rollup_internal.advance_watermarks(run rollup_internal.run_state)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into rollup_internal.watermarks as w (rollup, node_group, last_id, as_of)
    select member, ids.node_group, max(ids.through_id), run.as_of
      from unnest(run.id_ranges) ids, unnest(ids.rollups) member
     group by member, ids.node_group
     order by member, ids.node_group
    on conflict (rollup, node_group) do update
       set last_id = greatest(w.last_id, excluded.last_id), as_of = excluded.as_of;

    delete from rollup_internal.backlogs b
     using unnest(run.id_ranges) ids
     where b.rollup = any (ids.rollups) and b.node_group = ids.node_group
       and b.after_id = ids.after_id and b.through_id = ids.through_id;
    update rollup_internal.backlogs b
       set through_id = ids.after_id
      from unnest(run.id_ranges) ids
     where b.rollup = any (ids.rollups) and b.node_group = ids.node_group
       and b.after_id < ids.after_id and b.through_id = ids.through_id;

    perform rollup_internal.refresh_tails(run.rollups);
end
$$;
comment on function rollup_internal.advance_watermarks(rollup_internal.run_state) is
    'Moves the watermarks of a run''s rollups over what it has counted, and takes that off their backlogs and tails.';
