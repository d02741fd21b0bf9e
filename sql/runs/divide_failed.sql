-- An id range whose counting failed is halved until the failing event is alone. That event is set aside, and all
-- others are counted. This costs nothing while no event fails. If very many events fail, the cause is unlikely to
-- be the events: the run fails, and nothing is counted.
create or replace function rollup_internal.divide_failed(
    run rollup_internal.run_state, ids rollup_internal.id_range, state text, said text)
    returns rollup_internal.id_range[]
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(ids.rollups[1]);
    limit_of_run constant int := rollup.setting('rollup.max_set_aside')::int;
    middle constant bigint := ids.after_id + (ids.through_id - ids.after_id) / 2;
    event_tenant text;
begin
    if middle > ids.after_id then
        return array[row(ids.rollups, ids.node_group, ids.after_id, middle)::rollup_internal.id_range,
                     row(ids.rollups, ids.node_group, middle, ids.through_id)::rollup_internal.id_range];
    end if;
    if r.tenant is not null then
        execute format('select min(%I::text) from %s where %I = $1', r.tenant, r.source, r.id_column)
           into event_tenant using ids.through_id;
    end if;
    insert into rollup_internal.set_aside as s (rollup, event_id, tenant, sqlstate, reason)
    select member, ids.through_id, event_tenant, state, said from unnest(ids.rollups) member
    on conflict on constraint set_aside_pkey do update
       set tenant = excluded.tenant, sqlstate = excluded.sqlstate, reason = excluded.reason,
           last_tried_at = excluded.last_tried_at;
    if (select count(*) from rollup_internal.set_aside s
         where s.rollup = ids.rollups[1] and s.last_tried_at >= run.started_at) > limit_of_run then
        raise exception using
            errcode = state,
            message = said,
            detail = format('More than %s events of one run of rollup %I cannot be counted (rollup.max_set_aside).',
                            limit_of_run, r.name),
            hint = 'Nothing was counted. Correct what the events have in common: the declaration, the table, or the source.';
    end if;
    return '{}';
end
$$;
comment on function rollup_internal.divide_failed(rollup_internal.run_state, rollup_internal.id_range, text, text) is
    'What remains to be counted of an id range after an error: its halves, or nothing for a single event, which '
    'is set aside.';
