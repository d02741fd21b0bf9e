-- Where rollups stand at different watermarks, the ids between them are spans of their own, for
-- those that have not counted them. Each node's ids start at its group << 48.
create or replace function rollup.spans(
    names text[], heads jsonb, max_events bigint, out spans rollup.span[], out more boolean)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    with heads as (
        select s.key::int as node_group,
               coalesce((s.value ->> 'last_id')::bigint, s.key::bigint << 48) as last_id
          from jsonb_each($2) s
    ), marks as (
        select h.node_group, h.last_id, n.name,
               coalesce(w.last_id, h.node_group::bigint << 48) as mark
          from heads h
         cross join unnest(names) n (name)
          left join rollup.watermarks w on w.rollup = n.name and w.node_group = h.node_group
    ), steps as (
        select m.node_group, m.last_id, m.mark as after_id,
               least(m.last_id,
                     lead(m.mark) over ladder,
                     min(m.mark) over (partition by m.node_group) + max_events) as through_id,
               lead(m.mark) over ladder is null as is_last
          from (select distinct node_group, last_id, mark from marks) m
        window ladder as (partition by m.node_group order by m.mark)
    )
    select coalesce(array_agg(row((select array_agg(m.name) from marks m
                                               where m.node_group = s.node_group and m.mark <= s.after_id),
                                             s.node_group, s.after_id, s.through_id)::rollup.span
                                         order by s.node_group, s.after_id)
                        filter (where s.through_id > s.after_id), '{}'),
           coalesce(bool_or(s.is_last and s.last_id > s.through_id), false)
      into spans, more
      from steps s;
end
$$;
comment on function rollup.spans(text[], jsonb, bigint) is
    'Internal. The ids up to some heads that rollups have not counted, at most max_events a node, '
    'and whether there are more.';
