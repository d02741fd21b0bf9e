-- The caller has reserved the new events, so that nobody else moves the watermarks. The tails are locked only if there is
-- something to postpone: a session that counts must not hold them.
create or replace function rollup_internal.postpone_history(names text[], least_ids bigint)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(names[1]);
    states constant jsonb := rollup_internal.read_node_states(r.source, r.id_sequence);
    postponed text[];
begin
    postponed := array(
        select distinct n.name
          from jsonb_each(states) s
         cross join unnest(names) n (name)
          left join rollup_internal.watermarks w on w.rollup = n.name and w.node_group = s.key::int
         where (s.value ->> 'last_id')::bigint - coalesce(w.last_id, s.key::bigint << 48) > least_ids);
    if postponed = '{}' then
        return false;
    end if;
    perform rollup_internal.lock_tails(postponed);
    with positions as (
        select n.name, s.key::int as node_group, s.value -> 'sequence' as sequence,
               (s.value ->> 'last_id')::bigint as last_id, coalesce(w.last_id, s.key::bigint << 48) as mark
          from jsonb_each(states) s
         cross join unnest(postponed) n (name)
          left join rollup_internal.watermarks w on w.rollup = n.name and w.node_group = s.key::int
    ), added as (
        insert into rollup_internal.backlogs (rollup, node_group, after_id, through_id, first_size)
        select p.name, p.node_group, p.mark, p.last_id,
               p.last_id - p.mark + coalesce((select max(b.first_size) from rollup_internal.backlogs b
                                               where b.rollup = p.name and b.node_group = p.node_group), 0)
          from positions p
         where p.last_id - p.mark > least_ids
        returning rollup, node_group
    )
    insert into rollup_internal.watermarks as w (rollup, node_group, last_id, as_of, sequence)
    select p.name, p.node_group, p.last_id, x.created_at, p.sequence
      from added a
      join positions p on p.name = a.rollup and p.node_group = a.node_group
      join rollup_internal.rollups x on x.name = p.name
    on conflict (rollup, node_group) do update set last_id = excluded.last_id, sequence = excluded.sequence;
    perform rollup_internal.refresh_tails(postponed);
    return true;
end
$$;
comment on function rollup_internal.postpone_history(text[], bigint) is
    'Makes a backlog of the ids above the watermarks of rollups of one source, on each node that has more than least_ids of '
    'them. Returns whether there was such a node.';
