-- One window of the family whose turn it is, named by one member. When its members cannot be
-- counted together, each is tried alone, so that a broken one holds up only itself.
create or replace function rollup_internal.run_step(task rollup_internal.job, max_events bigint)
    returns rollup_internal.job
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    first_member text;
    member text;
    more boolean;
    started_at timestamptz := clock_timestamp();
    message text;
    detail text;
begin
    if task is null then
        task.waiting := array(select (array(select rollup.family_members(min(r.name))))[1]
                                from rollup_internal.rollups r group by r.family order by r.family);
        task.failures := '{}';
        task.only_deferred := true;
    end if;
    first_member := task.waiting[1];
    task.waiting := task.waiting[2:];
    begin
        select bool_or(f.more) into more from rollup.run_family(first_member, max_events) f;
        if more then
            task.waiting := task.waiting || first_member;
        end if;
    exception
        when lock_not_available then
            get stacked diagnostics message = message_text, detail = pg_exception_detail;
            task.failures := task.failures || concat_ws('. ', message, nullif(detail, ''));
            perform rollup_internal.record_failure(name, 'deferred', started_at, message)
               from rollup.family_members(first_member) name;
        when others then
            for member in select rollup.family_members(first_member) loop
                task := rollup_internal.run_alone(task, member, max_events);
            end loop;
    end;
    return task;
end
$$;
comment on function rollup_internal.run_step(rollup_internal.job, bigint) is
    'Runs one window of the next waiting family (all, for a NULL task) and answers what is left.';
