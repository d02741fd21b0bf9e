-- Watermarks move back only if the table contains no event with an earlier id, which would be counted again.
create or replace function rollup.restart_source(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    node record;
    largest_id bigint;
begin
    for r in select * from rollup_internal.rollups x where x.source = source order by x.id loop
        perform rollup_internal.wait_for_run_lock(r.name);
        for node in
            select s.key::int as node_group, greatest(coalesce((s.value ->> 'last_id')::bigint, 0), s.key::bigint << 48) as last_id
              from jsonb_each(rollup_internal.read_node_states(r.source, r.id_sequence)) s
              join rollup_internal.watermarks w on w.rollup = r.name and w.node_group = s.key::int
             where w.last_id > greatest(coalesce((s.value ->> 'last_id')::bigint, 0), s.key::bigint << 48)
        loop
            execute format('select max(%1$I) from %2$s where %1$I > $1 and %1$I < $2', r.id_column, r.source)
               into largest_id using node.last_id, (node.node_group::bigint + 1) << 48;
            if largest_id is not null then
                raise exception using
                    errcode = 'object_not_in_prerequisite_state',
                    message = format('%s was not emptied: it holds event %s, and its sequence is at %s', source, largest_id,
                                     node.last_id),
                    hint = format('select setval(%L, %s)', r.id_sequence::text, largest_id);
            end if;
            update rollup_internal.watermarks w set last_id = node.node_group::bigint << 48
             where w.rollup = r.name and w.node_group = node.node_group;
            delete from rollup_internal.backlogs b where b.rollup = r.name and b.node_group = node.node_group;
        end loop;
        delete from rollup_internal.set_aside s where s.rollup = r.name;
        perform rollup_internal.refresh_tails(array[r.name]);
    end loop;
end
$$;
comment on function rollup.restart_source(regclass) is
    'Lets rollups count the events of a source from the first id again, after the source was emptied and its '
    'sequence restarted. Rows of the rollups stay. Raises object_not_in_prerequisite_state if events with older '
    'ids exist.';
