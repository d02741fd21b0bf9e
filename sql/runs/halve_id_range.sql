create or replace function rollup_internal.halve_id_range(ids rollup_internal.id_range, step text)
    returns rollup_internal.id_range[]
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    middle constant bigint := ids.after_id + (ids.through_id - ids.after_id) / 2;
begin
    return array[row(ids.rollups, ids.node_group, ids.after_id, middle, step)::rollup_internal.id_range,
                 row(ids.rollups, ids.node_group, middle, ids.through_id, step)::rollup_internal.id_range];
end
$$;
comment on function rollup_internal.halve_id_range(rollup_internal.id_range, text) is
    'The halves of an id range of two or more ids, with a step of rollup_internal.divide_failed.';
