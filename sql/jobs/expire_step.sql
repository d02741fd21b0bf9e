-- What must stay, because a rollup has not counted it or somebody is at work on it, holds up only
-- itself: it is kept in mind for the end of expire_all.
create or replace function rollup_internal.expire_step(task rollup_internal.job, max_rows bigint)
    returns rollup_internal.job
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
        task.only_deferred := true;
    end if;
    select * into what from rollup.retention x where format('%s %s', x.kind, x.name) = task.waiting[1];
    begin
        select bool_or(e.more) into more from rollup_internal.expire_item(what.kind, what.name, false, max_rows) e;
    exception when others then
        get stacked diagnostics message = message_text;
        task.failures := task.failures || format('%s: %s', task.waiting[1], message);
        task.only_deferred := task.only_deferred and sqlstate = '55P03';
    end;
    if more is not true then
        task.waiting := task.waiting[2:];
    end if;
    return task;
end
$$;
comment on function rollup_internal.expire_step(rollup_internal.job, bigint) is
    'One part of what rollup.expire_all does (the first, for a NULL task); answers what is left.';
