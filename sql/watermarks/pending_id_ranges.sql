-- Where the watermarks of rollups differ, the ids between two watermarks form a range of their own, for the
-- rollups that have not counted them. Each range is bounded separately: a newly declared rollup reads its history
-- while the others continue with new events. The ids of a node start at its group << 48.
--
-- A rollup's backlog comes last, and only when everything above its watermark is counted, so that new events take
-- precedence. It is taken from the top of the part that claim_backlogs returns, and always bounded. A run beside another
-- one, which counts the new events, takes from the backlog only.
create or replace function rollup_internal.pending_id_ranges(
    names text[], last_ids jsonb, max_events bigint, with_new boolean,
    out id_ranges rollup_internal.id_range[], out more boolean)
    language plpgsql
    volatile
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
    ), rungs as (
        select m.node_group, m.mark as after_id,
               least(m.last_id, lead(m.mark) over ladder) as end_id,
               least(m.last_id, lead(m.mark) over ladder, m.mark + max_events) as through_id
          from (select distinct node_group, last_id, mark from marks) m
        window ladder as (partition by m.node_group order by m.mark)
    ), climbs as (
        -- A rollup continues with the next range only if the previous one is counted completely.
        select m.node_group, m.name, m.mark,
               (select min(r.after_id) from rungs r
                 where r.node_group = m.node_group and r.after_id >= m.mark and r.through_id < r.end_id) as last_rung
          from marks m
    ), tails as (
        select (select array_agg(c.name) from climbs c
                 where c.node_group = r.node_group and c.mark <= r.after_id
                   and (c.last_rung >= r.after_id) is not false) as rollups,
               r.node_group, r.after_id, r.through_id
          from rungs r
         where r.through_id > r.after_id and with_new
    ), claimed as (
        select b.rollup, b.node_group, b.after_id, b.through_id
          from rollup_internal.claim_backlogs(names, $2, with_new) b
          join climbs c on c.node_group = b.node_group and c.name = b.rollup and c.last_rung is null
    ), all_spans as (
        select * from tails
        union all
        select array_agg(b.rollup), b.node_group,
               -- Where the part of another member begins, the window ends, so that it is counted for both from there on.
               greatest(max(b.after_id),
                        (select max(o.through_id) from rollup_internal.backlogs o
                          where o.rollup = any (names) and o.node_group = b.node_group and o.through_id < b.through_id),
                        b.through_id - coalesce(max_events, 1000000)),
               b.through_id
          from claimed b
         group by b.node_group, b.through_id
    )
    select coalesce(array_agg(row(a.rollups, a.node_group, a.after_id, a.through_id, null)::rollup_internal.id_range
                              order by a.node_group, a.after_id), '{}'),
           with_new and exists (select from climbs where last_rung is not null)
      into id_ranges, more
      from all_spans a;
end
$$;
comment on function rollup_internal.pending_id_ranges(text[], jsonb, bigint, boolean) is
    'The ids up to last_ids that rollups have not counted: with_new those above each watermark of a node, at most '
    'max_events, and whether there are more; then as many ids of a part of their backlogs, which is claimed.';
