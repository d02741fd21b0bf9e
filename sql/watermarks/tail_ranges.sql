-- The range above a watermark extends to the first id of the next known node, so it includes the ids of a newly
-- added node that no run has seen yet.
create or replace function rollup_internal.tail_ranges(
    rollup_name text, out after_id bigint, out through_id bigint, out is_backlog boolean)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select m.last_id,
           coalesce(lead(m.node_group) over (order by m.node_group)::bigint << 48, 9223372036854775807),
           false
      from (select w.node_group, w.last_id from rollup_internal.watermarks w where w.rollup = rollup_name
            union all
            select 0, 0 where not exists (select from rollup_internal.watermarks w
                                           where w.rollup = rollup_name and w.node_group = 0)) m
    union all
    select b.after_id, b.through_id, true
      from rollup_internal.backlogs b
     where b.rollup = rollup_name
     order by 1;
end
$$;
comment on function rollup_internal.tail_ranges(text) is
    'Ranges of ids that a rollup has not counted, above after_id, up to and including through_id, and whether a '
    'range lies below the watermark.';
