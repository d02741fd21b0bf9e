-- A sequence that begins again gives new events ids that are already counted, so no run would count those events.
-- This happens after TRUNCATE … RESTART IDENTITY, a restore or a failover. A sequence that was restarted is known by
-- its file, even if it has passed the watermark since; one that setval has moved back only while it is behind.
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
           greatest(coalesce((s.value ->> 'last_id')::bigint, 0), s.key::bigint << 48) as issued_id,
           rollup_internal.was_restarted(w.sequence, s.value -> 'sequence') as was_restarted
      into behind
      from jsonb_each(states) s
      join rollup_internal.watermarks w on w.rollup = any (names) and w.node_group = s.key::int
      join rollup_internal.rollups r on r.name = w.rollup
     where (w.last_id > greatest(coalesce((s.value ->> 'last_id')::bigint, 0), s.key::bigint << 48)
            or rollup_internal.was_restarted(w.sequence, s.value -> 'sequence'))
       and s.value ->> 'node' <> 'a former node'
     order by w.last_id desc
     limit 1;
    if not found then
        return;
    end if;
    if behind.counted_id > behind.issued_id then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('ids of %s begin again: its sequence is at %s on %s, and rollup %I has counted up to %s',
                             behind.source, behind.issued_id, behind.node, behind.name, behind.counted_id),
            detail = 'Events with ids up to there would never be counted.',
            hint = format('If the table was truncated: select rollup.restart_source(%L). '
                          'If the sequence is from an older copy: select setval(%L, %s)%s.',
                          behind.source::text, behind.id_sequence::text, behind.counted_id,
                          case when behind.was_restarted then format(', then select rollup.accept_source(%L)', behind.name) end);
    end if;
    raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = format('ids of %s begin again: its sequence was restarted on %s after rollup %I had counted up to %s',
                         behind.source, behind.node, behind.name, behind.counted_id),
        detail = format('It is at %s. Events with ids up to %s would never be counted.', behind.issued_id, behind.counted_id),
        hint = format('If the table was truncated: select rollup.restart_source(%L). '
                      'If new ids are larger than %s: select rollup.accept_source(%L).',
                      behind.source::text, behind.counted_id, behind.name);
end
$$;
comment on function rollup_internal.require_ids_ahead(text[], jsonb) is
    'Raises object_not_in_prerequisite_state when the next id of a source is below a watermark, or its sequence was '
    'restarted: states are those of rollup_internal.read_node_states.';
