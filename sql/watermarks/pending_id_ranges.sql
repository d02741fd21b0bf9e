-- Where rollups stand at different watermarks, the ids between them are id_ranges of their own, for
-- those that have not counted them. Each node's ids start at its group << 48.
-- A backlog comes last, and only where what is above the watermarks is counted whole: the present
-- goes before the past. It is cut from the top, and bounded even when nothing else is.
create or replace function rollup_internal.pending_id_ranges(
    names text[], last_ids jsonb, max_events bigint, out id_ranges rollup_internal.id_range[], out more boolean)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    with last_ids as (
        select s.key::int as node_group,
               coalesce((s.value ->> 'last_id')::bigint, s.key::bigint << 48) as last_id
          from jsonb_each($2) s
    ), marks as (
        select h.node_group, h.last_id, n.name,
               coalesce(w.last_id, h.node_group::bigint << 48) as mark
          from last_ids h
         cross join unnest(names) n (name)
          left join rollup_internal.watermarks w on w.rollup = n.name and w.node_group = h.node_group
    ), steps as (
        select m.node_group, m.last_id, m.mark as after_id,
               least(m.last_id,
                     lead(m.mark) over ladder,
                     min(m.mark) over (partition by m.node_group) + max_events) as through_id,
               lead(m.mark) over ladder is null as is_last
          from (select distinct node_group, last_id, mark from marks) m
        window ladder as (partition by m.node_group order by m.mark)
    ), tails as (
        select (select array_agg(m.name) from marks m
                 where m.node_group = s.node_group and m.mark <= s.after_id) as rollups,
               s.node_group, s.after_id, s.through_id
          from steps s
         where s.through_id > s.after_id
    ), unfinished as (
        select s.node_group from steps s where s.is_last and s.last_id > s.through_id
    ), backlogs as (
        select b.rollup, b.node_group, b.after_id, b.through_id,
               max(b.through_id) over (partition by b.node_group) as top
          from rollup_internal.backlogs b
          join last_ids h on h.node_group = b.node_group and h.last_id >= b.through_id
         where b.rollup = any (names)
           and b.node_group not in (select u.node_group from unfinished u)
    ), all_spans as (
        select * from tails
        union all
        select array_agg(b.rollup) filter (where b.through_id = b.top),
               b.node_group,
               greatest(max(b.after_id) filter (where b.through_id = b.top),
                        max(b.through_id) filter (where b.through_id < b.top),
                        b.top - coalesce(max_events, 1000000)),
               b.top
          from backlogs b
         group by b.node_group, b.top
    )
    select coalesce(array_agg(row(a.rollups, a.node_group, a.after_id, a.through_id)::rollup_internal.id_range
                              order by a.node_group, a.after_id), '{}'),
           exists (select from unfinished)
      into id_ranges, more
      from all_spans a;
end
$$;
comment on function rollup_internal.pending_id_ranges(text[], jsonb, bigint) is
    'The ids up to some last_ids that rollups have not counted, at most max_events a node, '
    'and whether there are more above the watermarks; then as many from the top of their backlogs.';
