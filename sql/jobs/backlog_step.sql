create or replace function rollup_internal.backlog_step(rollup_name text, max_events bigint)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    outcome text;
    ids_left numeric;
    first_size numeric;
begin
    select f.status into outcome from rollup.run_family(rollup_name, max_events) f where f.rollup = rollup_name;
    select sum(b.through_id - b.after_id), sum(b.first_size) into ids_left, first_size
      from rollup_internal.backlogs b
     where b.rollup = rollup_name;
    if ids_left is null then
        return false;
    elsif outcome = 'done' then
        raise notice '%', format('rollup %I: %s %% of its backlog is counted, %s ids are left',
                                 rollup_name, round(100 * (1 - ids_left / first_size), 1), ids_left);
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
    return true;
end
$$;
comment on function rollup_internal.backlog_step(text, bigint) is
    'Runs one window of a rollup and its family, and answers whether its backlog has more; a notice says how much.';
