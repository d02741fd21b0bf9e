-- Several sessions can then count, each a part. Parts are far from one another: neighbouring windows have buckets in common,
-- and one session would wait for the other. A single session takes them from the newest back, as if they were one.
--
-- A history above the watermark, such as that of a rollup that has not run yet, becomes a backlog. That needs the new
-- events for itself. As in init_watermarks, the runs that count a backlog wait for the writers that are open now.
--
-- Rollups of a family are divided at the same ids, so that they are counted together. A row is claimed by one statement and
-- changed by the next: the first one's snapshot may be older than what another session has left of the part.
create or replace function rollup_internal.divide_backlog(rollup_name text, max_events bigint)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    names constant text[] := array(select rollup.family_members(rollup_name) union select rollup_name);
    parts constant int := 16;
    node int;
    missing int;
    part rollup_internal.backlogs;
    member rollup_internal.backlogs;
    middle bigint;
    is_changed boolean := false;
begin
    -- The run raises what is wrong with max_events, and says that a rollup is being changed.
    if max_events < 1 or not rollup_internal.try_run_lock(names, is_shared => true) then
        return false;
    end if;
    if rollup_internal.try_new_events_lock(names) then
        is_changed := rollup_internal.postpone_history(names, 2 * max_events);
    end if;
    for node, missing in
        select b.node_group, parts - count(*) from rollup_internal.backlogs b where b.rollup = rollup_name group by b.node_group
    loop
        for number in 1 .. missing loop
            select * into part
              from rollup_internal.backlogs b
             where b.rollup = rollup_name and b.node_group = node and b.through_id - b.after_id > 2 * max_events
             order by b.through_id - b.after_id desc
             limit 1
               for update skip locked;
            exit when not found;
            middle := part.after_id + (part.through_id - part.after_id) / 2;
            for member in
                select *
                  from rollup_internal.backlogs b
                 where b.rollup = any (names) and b.node_group = node and b.after_id < middle and b.through_id > middle
                   for update skip locked
            loop
                update rollup_internal.backlogs b set after_id = middle
                 where b.rollup = member.rollup and b.node_group = node and b.through_id = member.through_id;
                insert into rollup_internal.backlogs (rollup, node_group, after_id, through_id, first_size)
                values (member.rollup, node, member.after_id, middle, member.first_size);
            end loop;
            is_changed := true;
        end loop;
    end loop;
    return is_changed;
end
$$;
comment on function rollup_internal.divide_backlog(text, bigint) is
    'Divides what a rollup and its family have still to count of their history, on each node, into 16 parts of at least '
    'max_events ids. Parts that a session is counting stay as they are. Returns whether anything changed.';
