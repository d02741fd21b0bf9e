-- A sequence behind a watermark gives new events ids that are already counted, so no run would count those events.
-- This happens after TRUNCATE … RESTART IDENTITY, a restore or a failover.
create or replace function rollup_internal.require_ids_ahead(names text[], states jsonb)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    behind record;
begin
    select r.name, r.source, r.id_sequence, w.last_id as counted_id, s.value ->> 'node' as node,
           greatest(coalesce((s.value ->> 'last_id')::bigint, 0), s.key::bigint << 48) as issued_id
      into behind
      from jsonb_each(states) s
      join rollup_internal.watermarks w on w.rollup = any (names) and w.node_group = s.key::int
      join rollup_internal.rollups r on r.name = w.rollup
     where w.last_id > greatest(coalesce((s.value ->> 'last_id')::bigint, 0), s.key::bigint << 48)
       and s.value ->> 'node' <> 'a former node'
     limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('ids of %s begin again: its sequence is at %s on %s, and rollup %I has counted up to %s',
                             behind.source, behind.issued_id, behind.node, behind.name, behind.counted_id),
            detail = 'Events with ids up to there would never be counted.',
            hint = format('If the table was truncated: select rollup.restart_source(%L). '
                          'If the sequence is from an older copy: select setval(%L, %s).',
                          behind.source::text, behind.id_sequence::text, behind.counted_id);
    end if;
end
$$;
comment on function rollup_internal.require_ids_ahead(text[], jsonb) is
    'Raises object_not_in_prerequisite_state when the next id of a source would be below a watermark: states are '
    'those of rollup_internal.read_node_states.';
