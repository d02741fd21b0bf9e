-- A bounded window that leaves ids above it does not move as_of, because the remaining events may be older.
-- Watermarks, backlogs and tails move together, in the transaction that counted. An id range below a watermark is
-- the top of a backlog.
create or replace function rollup_internal.advance_watermarks(run rollup_internal.run_state)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform rollup_internal.lock_tails(run.rollups);
    insert into rollup_internal.watermarks as w (rollup, node_group, last_id, as_of, sequence)
    select r.name, ids.node_group, max(ids.through_id),
           case when max(ids.through_id) >= (run.last_ids -> ids.node_group::text ->> 'last_id')::bigint
                then run.as_of else r.created_at end,
           run.last_ids -> ids.node_group::text -> 'sequence'
      from unnest(run.id_ranges) ids
     cross join unnest(ids.rollups) member
      join rollup_internal.rollups r on r.name = member
     group by r.name, ids.node_group
     order by r.name, ids.node_group
    on conflict (rollup, node_group) do update
       set last_id = greatest(w.last_id, excluded.last_id), as_of = greatest(w.as_of, excluded.as_of),
           sequence = coalesce(excluded.sequence, w.sequence);

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
    'Moves the watermarks of a run''s rollups past the ids it has counted, and removes these ids from backlogs '
    'and tails.';
