-- What must stay, because a rollup has not counted it or somebody is at work on it, holds up only
-- itself: it is kept in mind for the end of expire_all.
create or replace function rollup.expire_next(task rollup.task, max_rows bigint)
    returns rollup.task
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    what rollup.retention;
    more boolean;
    message text;
begin
    if task is null then
        task.waiting := array(select format('%s %s', x.kind, x.name) from rollup.retention x
                               where x.keep is not null order by x.kind desc, x.name);
        task.failures := '{}';
        task.put_off := true;
    end if;
    select * into what from rollup.retention x where format('%s %s', x.kind, x.name) = task.waiting[1];
    begin
        select bool_or(e.more) into more from rollup.expire_part(what.kind, what.name, false, max_rows) e;
    exception when others then
        get stacked diagnostics message = message_text;
        task.failures := task.failures || format('%s: %s', task.waiting[1], message);
        task.put_off := task.put_off and sqlstate = '55P03';
    end;
    if more is not true then
        task.waiting := task.waiting[2:];
    end if;
    return task;
end
$$;
comment on function rollup.expire_next(rollup.task, bigint) is
    'Internal. One part of what rollup.expire_all does (the first, for a NULL task); answers what is left.';
