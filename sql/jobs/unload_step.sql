-- The row of the load is locked first, as a loader does, so that no part is added meanwhile.
create or replace function rollup_internal.unload_step(item jsonb, out report jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    load constant bigint := (item ->> 'load')::bigint;
    keys regclass;
    bounds constant tstzrange := tstzrange((item ->> 'from')::timestamptz, (item ->> 'to')::timestamptz);
    loaded rollup.loads;
    ids int8multirange;
    removed bigint;
begin
    report := '[]';
    select * into strict loaded from rollup.loads l where l.load_id = load for update nowait;
    if loaded.unloaded_at is not null then
        return;
    end if;
    select range_agg(p.ids) into ids from rollup.load_parts p where p.load_id = load;
    removed := 0;
    if not isempty(ids) then
        select e.removed into removed from rollup_internal.remove_events(
            loaded.source_table, rollup_internal.ids_conditions(rollup_internal.loaded_id_column(loaded.source_table), ids), bounds) e;
    end if;
    update rollup.loads l
       set unloaded_rows = l.unloaded_rows + removed
     where l.load_id = load;
    if (item ->> 'is_last')::boolean and loaded.unloaded_rows + removed = loaded.rows then
        delete from rollup_internal.set_aside s
         using rollup_internal.rollups r
         where r.name = s.rollup and r.source = loaded.source_table and s.event_id <@ ids;
        -- Otherwise its events would count as repeated when they are loaded again.
        select k.keys into keys from rollup.event_keys k where k.source = loaded.source_table;
        if keys is not null then
            execute format('delete from %s where load_id = $1', keys) using load;
        end if;
        update rollup.load_parts p set sha256 = null where p.load_id = load;
        update rollup.loads l set sha256 = null, unloaded_at = now() where l.load_id = load;
    end if;
    report := jsonb_build_array(jsonb_build_object(
        'name', loaded.source_table::text, 'range_from', lower(bounds), 'range_to', upper(bounds), 'rows', removed,
        'action', 'unloaded'));
exception when lock_not_available then
    if loaded.load_id is null then
        raise exception using
            errcode = 'lock_not_available',
            message = format('load %s is in use by another session that loads or unloads it', load),
            hint = 'Nothing was changed. Try again when that is done.';
    end if;
    raise;
end
$$;
comment on function rollup_internal.unload_step(jsonb) is
    'Removes the events of a load in one range of time; the last step completes the load.';
