-- Sessions that work on the same backlog know nothing of one another: each takes a part that is free.
create or replace function rollup_internal.backfill_step(item jsonb, max_events bigint, out report jsonb, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    rollup_name constant text := item ->> 'name';
    outcome text;
    progress record;
begin
    perform rollup_internal.require_same_tables(r) from rollup_internal.rollups r where r.name = rollup_name;
    -- A step of its own, so that other sessions find the parts while the first windows are counted.
    if rollup_internal.divide_backlog(rollup_name, max_events) then
        report := '[]';
        more := true;
        return;
    end if;
    for attempt in 1 .. 2 loop
        select jsonb_agg(rollup_internal.run_report(f.rollup, f.status, f.events, f.rows)),
               min(f.status) filter (where f.rollup = rollup_name)
          into report, outcome
          from rollup.run_family(rollup_name, max_events) f;
        exit when outcome <> 'nothing new' or attempt = 2;
        -- Other sessions counted every part, or the first one ends here. Nobody else can take the part that this finds.
        perform from rollup_internal.backlogs b where b.rollup = rollup_name order by b.through_id desc limit 1 for update skip locked;
        if not found then
            outcome := 'busy';
            exit;
        end if;
    end loop;
    select * into progress from rollup_internal.backlog_progress(rollup_name);
    more := progress.ids_left > 0;
    if not more then
        return;
    elsif outcome = 'done' then
        raise notice '%', format('rollup %I: %s %% of its backlog is counted, %s ids are left',
                                 rollup_name, progress.filled_percent, progress.ids_left);
    elsif outcome = 'busy' then
        perform pg_sleep(0.2);
    elsif outcome = 'nothing new' then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('rollup %I has a backlog that no run can reach', rollup_name),
            detail = (select format('Ids above %s, up to %s.', b.after_id, b.through_id)
                        from rollup_internal.backlogs b where b.rollup = rollup_name limit 1),
            hint = 'Has the sequence of its source been reset? See rollup.doctor().';
    end if;
end
$$;
comment on function rollup_internal.backfill_step(jsonb, bigint) is
    'Counts one window of a rollup and its family; returns whether its backlog has more. A notice shows '
    'progress, as the report does.';
