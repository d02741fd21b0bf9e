-- Divides the load by time, in whole buckets of the coarsest rollup, so that each bucket is counted again once. What has
-- no finite time comes last, and so does what is left: the last step completes the load.
create or replace function rollup_internal.start_unload(load bigint, max_rows bigint default 100000)
    returns rollup.job
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    job rollup.job := row('{}', '{}');
    loaded rollup.loads;
    coarsest rollup_internal.rollups;
    id_column name;
    ids int8multirange;
    is_known boolean;
    missing tstzmultirange := '{}';
    times tstzrange;
    events bigint;
    found_events bigint := 0;
    slice tstzrange;
    slice_events bigint := 0;
begin
    select * into loaded from rollup.loads l where l.load_id = load;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no load %s', load),
            hint = 'See rollup.loads.';
    elsif loaded.unloaded_at is not null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('load %s was unloaded at %s', load, date_trunc('second', loaded.unloaded_at));
    elsif loaded.channel is not null then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('load %s is the channel %I, which goes on at its position', load, loaded.channel),
            hint = 'Only files and pipes can be unloaded.';
    elsif not exists (select from pg_class c where c.oid = loaded.source_table) then
        raise exception using
            errcode = 'undefined_table',
            message = format('the table of load %s no longer exists', load);
    end if;
    select coalesce(range_agg(p.ids), '{}'), coalesce(sum(p.rows), 0) = loaded.rows and coalesce(bool_and(p.ids is not null or p.rows = 0), true)
      into ids, is_known
      from rollup.load_parts p
     where p.load_id = load;
    id_column := rollup_internal.loaded_id_column(loaded.source_table);
    if not is_known or id_column is null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('load %s cannot be unloaded: which events of %s are its own is not known', load, loaded.source_table),
            detail = 'Others wrote at the same time, and the role that loaded it may not read the table, or it was loaded by a version before 0.2.0.',
            hint = 'Delete its events by what you know of them, then repair the rollups: rollup.repair.';
    end if;
    job.waiting := array[jsonb_build_object('do', 'unload', 'load', load, 'is_last', true)];
    if isempty(ids) then
        return job;
    end if;

    select * into coarsest from rollup_internal.rollups r
     where r.source = loaded.source_table order by r.bucket desc, r.id limit 1;
    missing := rollup.missing_ranges(loaded.source_table);
    for times, events in execute rollup_internal.fill_template(
        $text$select {range}, x.events
  from (select {bucket} as bucket, count(*) as events from {source} where {conditions} group by 1) x
 order by x.bucket$text$,
        jsonb_build_object(
            'bucket', case when coarsest.name is null then 'null::timestamptz'
                           else format('case when isfinite(%I) then %s end', coarsest.time_column, rollup_internal.bucket_expression(
                               coarsest.bucket, coarsest.time_zone, quote_ident(coarsest.time_column))) end,
            'range', format('case when x.bucket is not null then rollup_internal.bucket_range(%L, %L, x.bucket) end',
                            coarsest.bucket, coarsest.time_zone),
            'source', loaded.source_table,
            'conditions', rollup_internal.all_of(rollup_internal.ids_conditions(id_column, ids))))
    loop
        found_events := found_events + events;
        if tstzmultirange(times) && missing then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('load %s cannot be unloaded: raw events from %s to %s have been dropped, so the rollups '
                                 'cannot be counted again there', load, lower(times), upper(times)),
                hint = 'Nothing was changed.';
        end if;
        if slice is not null and (slice_events + events > max_rows or times is null) then
            job.waiting := job.waiting[:cardinality(job.waiting) - 1] || jsonb_build_object(
                'do', 'unload', 'load', load, 'from', lower(slice), 'to', upper(slice), 'events', slice_events)
                || job.waiting[cardinality(job.waiting)];
            slice := null;
            slice_events := 0;
        end if;
        slice := case when slice is null then times else range_merge(slice, times) end;
        slice_events := slice_events + events;
    end loop;
    if slice_events > 0 then
        job.waiting[cardinality(job.waiting)] := job.waiting[cardinality(job.waiting)]
            || jsonb_build_object('from', lower(slice), 'to', upper(slice), 'events', slice_events);
    end if;
    if found_events <> loaded.rows - loaded.unloaded_rows then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('load %s cannot be unloaded: %s of its %s events are in %s', load, found_events,
                             loaded.rows - loaded.unloaded_rows, loaded.source_table),
            detail = 'The others were deleted or have expired, and rollups may hold them.',
            hint = 'Nothing was changed. See rollup.verify.';
    end if;
    return job;
end
$$;
comment on function rollup_internal.start_unload(bigint, bigint) is
    'Begins a job that removes the events of a load (rollup.loads) and counts the buckets again that they were counted in, '
    'about max_rows events a step, in whole buckets; perform it with rollup.next_step. An unload that was interrupted is '
    'begun again and goes on. Raises object_not_in_prerequisite_state where the ids of the load are not known, some of its '
    'events no longer exist, or events of the same buckets have been dropped.';
