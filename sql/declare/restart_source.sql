-- Watermarks move back only if no event exists that is counted already, and would be counted again. Horizons contain ids
-- from before the restart.
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
    states jsonb;
    node record;
    largest_id bigint;
    repeated_id bigint;
begin
    for r in select * from rollup_internal.rollups x where x.source = source order by x.id loop
        perform rollup_internal.wait_for_run_lock(r.name);
        states := rollup_internal.read_node_states(r.source, r.id_sequence);
        for node in
            select w.node_group, s.last_id, w.node_group::bigint << 48 as before_first_id
              from rollup_internal.watermarks w
             cross join lateral (select states -> w.node_group::text as state) x
             cross join lateral (select greatest(coalesce((x.state ->> 'last_id')::bigint, 0),
                                                 w.node_group::bigint << 48) as last_id) s
             where w.rollup = r.name
               and x.state is not null
               and (w.last_id > s.last_id or rollup_internal.was_restarted(w.sequence, x.state -> 'sequence'))
        loop
            execute format('select max(%1$I) from %2$s where %1$I > $1 and %1$I < $2', r.id_column, r.source)
               into largest_id using node.last_id, (node.node_group::bigint + 1) << 48;
            execute format('select %1$I from %2$s where %1$I > $1 and %1$I <= $2 group by 1 having count(*) > 1 limit 1',
                           r.id_column, r.source)
               into repeated_id using node.before_first_id, node.last_id;
            if largest_id is not null or repeated_id is not null then
                raise exception using
                    errcode = 'object_not_in_prerequisite_state',
                    message = case when largest_id is not null
                        then format('%s was not emptied: it holds event %s, and its sequence is at %s', source, largest_id,
                                    node.last_id)
                        else format('%s was not emptied: it holds two events with id %s', source, repeated_id) end,
                    hint = case when largest_id is not null then format(
                                'select setval(%L, %s); %s', r.id_sequence::text, largest_id,
                                (select string_agg(format('select rollup.accept_source(%L)', x.name), '; ' order by x.id)
                                   from rollup_internal.rollups x where x.source = source))
                        else format('Delete the events from before the restart, then: select rollup.restart_source(%L)',
                                    source::text) end;
            end if;
            update rollup_internal.watermarks w
               set last_id = node.before_first_id, sequence = states -> node.node_group::text -> 'sequence'
             where w.rollup = r.name and w.node_group = node.node_group;
            delete from rollup_internal.backlogs b where b.rollup = r.name and b.node_group = node.node_group;
        end loop;
        delete from rollup_internal.set_aside s where s.rollup = r.name;
        perform rollup_internal.refresh_tails(array[r.name]);
    end loop;
    delete from rollup_internal.horizons h where h.source = source;
end
$$;
comment on function rollup.restart_source(regclass) is
    'Lets rollups count the events of a source from the first id again, after the source was emptied and its '
    'sequence restarted. Rows of the rollups stay. Raises object_not_in_prerequisite_state if events from before the '
    'restart exist.';
