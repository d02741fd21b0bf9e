-- Everything that processes rollups loops over this function: procedures commit after each step, and a client runs
-- each step as a statement of its own. A failure can therefore undo one step only.
--
-- A broken rollup does not block the others. When a family fails, its members are tried one by one before anything
-- else. A rollup that fails or is deferred by itself is recorded, reported, and not tried again in this job. A
-- step cancelled by statement_timeout counts as failed. The timer starts with the first message of a client's statement,
-- statement_timestamp() with its last, so that some time may seem to be left. The timer does not fire again, so this
-- function and a calling procedure must return at once. A job that concerns one rollup only, such as a backfill, ends
-- with its first error, which is raised. A step that was the victim of a deadlock is repeated.
create or replace function rollup.next_step(
    inout job rollup.job, max_size bigint default 1000000,
    out report jsonb, out failure jsonb, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    item constant jsonb := job.waiting[1];
    action constant text := item ->> 'do';
    members constant jsonb := item -> 'rollups';
    started_at constant timestamptz := clock_timestamp();
    next_item jsonb;
    goes_on boolean;
    state text;
    message text;
    detail text;
    hint text;
begin
    if item is not null then
        -- Before anything is recorded: all other steps would fail likewise.
        perform rollup_internal.require_read_committed('no step of a job can be done');
    end if;
    report := '[]';
    job.waiting := job.waiting[2:];
    begin
        case action
            when 'run' then
                select s.report, s.more into report, goes_on from rollup_internal.run_step(item, max_size) s;
            when 'correct' then
                select s.report, s.more into report, goes_on from rollup_internal.correct_step(item) s;
            when 'backfill' then
                select s.report, s.more into report, goes_on from rollup_internal.backfill_step(item, max_size) s;
            when 'check' then
                select s.report, s.failure into report, failure from rollup_internal.check_sample(
                    members ->> 0, make_interval(secs => (item ->> 'seconds')::float8)) s;
                if failure is not null then
                    job.failures := job.failures || (item || failure);
                end if;
            when 'fill measures' then
                select s.report, s.more into report, goes_on from rollup_internal.fill_step(item) s;
            when 'comment on measures' then
                perform rollup_internal.comment_on_measures(item ->> 'name');
            when 'rebuild' then
                select s.report, s.more into report, goes_on from rollup_internal.rebuild_step(item) s;
            when 'unload' then
                select s.report into report from rollup_internal.unload_step(item) s;
            when 'expire' then
                select s.item, s.report, s.more, s.failure into next_item, report, goes_on, failure
                  from rollup_internal.expire_step(item, max_size) s;
                if failure is not null then
                    job.failures := job.failures || (item - '{parts,last_seen,ended}'::text[] || failure);
                end if;
            else
                if item is not null then
                    raise exception using
                        errcode = 'invalid_parameter_value',
                        message = format('a job cannot do %s', coalesce(quote_literal(action), 'what has no name')),
                        hint = 'Begin a job with rollup.start_job, and pass the job that rollup.next_step returned.';
                end if;
        end case;
        if goes_on then
            job.waiting := job.waiting || coalesce(next_item, item);
        end if;
    exception when query_canceled or others then
        get stacked diagnostics
            state = returned_sqlstate,
            message = message_text,
            detail = pg_exception_detail,
            hint = pg_exception_hint;
        -- Sessions that merge into the same rows rarely meet in opposite order. One of them is rolled back, and can go on.
        if state = '40P01' then
            report := '[]';
            job.waiting := item || job.waiting;
        elsif coalesce(action not in ('run', 'correct', 'expire'), true)
            or state = '57014' and coalesce(rollup_internal.statement_time_left() > interval '100 ms', true)
        then
            raise;
        elsif state not in ('55P03', '57014') and jsonb_array_length(members) > 1 then
            report := '[]';
            job.waiting := array(select item || jsonb_build_object('rollups', jsonb_build_array(m))
                                   from jsonb_array_elements(members) m) || job.waiting;
        else
            failure := jsonb_build_object(
                'sqlstate', state, 'message', message, 'detail', nullif(detail, ''), 'hint', nullif(hint, ''));
            report := rollup_internal.record_step_failure(item, failure, started_at);
            if not item ? 'is_aside' then
                job.failures := job.failures || (item - '{parts,last_seen,ended}'::text[] || failure);
            end if;
        end if;
    end;
    more := cardinality(job.waiting) > 0;
end
$$;
comment on function rollup.next_step(rollup.job, bigint) is
    'Performs the next step of a job in the caller''s transaction: one window of at most max_size ids, or one '
    'part of about max_size rows. Returns the new state of the job; report, an object for each rollup (rollup, '
    'status, events, rows; backlog_ids, filled_percent if there is a backlog; filled, position if added measures '
    'were filled in) or part (as rollup.expire_rollup); failure, if the step was rolled back, or partitions had to be '
    'kept: sqlstate, message, detail, hint; and whether there is more to do.';
