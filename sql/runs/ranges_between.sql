create or replace function rollup_internal.ranges_between(ids rollup_internal.id_range, left_out bigint[], step text)
    returns rollup_internal.id_range[]
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select array(
        select row(ids.rollups, ids.node_group, b.after_id, b.through_id, step)::rollup_internal.id_range
          from unnest(ids.after_id || left_out, array_append(array(select x - 1 from unnest(left_out) x), ids.through_id))
               b (after_id, through_id)
         where b.after_id < b.through_id);
end;
comment on function rollup_internal.ranges_between(rollup_internal.id_range, bigint[], text) is
    'An id range without some ids, which are in ascending order, with a step of rollup_internal.divide_failed.';
