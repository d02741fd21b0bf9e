-- Deletes a range of a rollup and counts it again from raw events up to the watermark, in one
-- transaction: readers see the old rows or the new ones, and events above the watermark are left
-- to the next run.
create or replace function rollup.rebuild(
    rollup_name text, range_from timestamptz default null, range_to timestamptz default null,
    tenant text default null, out events bigint, out rows_before bigint, out rows_after bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
    set plan_cache_mode = force_custom_plan
    set enable_hashagg = off
    set max_parallel_workers_per_gather = 0
    set work_mem = '128MB'
    set jit = off
    set topn.number_of_counters = 1000
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
    set extra_float_digits = 1
    set bytea_output = hex
as $$
#variable_conflict use_column
declare
    r rollup_internal.rollups;
    span tstzrange;
    missing tstzmultirange;
    names text[];
    expressions text[];
    number_of_keys int;
    raw_condition text;
    row_condition text := 'true';
begin
    r := rollup_internal.get_rollup(rollup_name);
    tenant := rollup_internal.parse_tenant(r, tenant);
    perform rollup_internal.require_read_committed(rollup_name, 'rebuilt');
    span := rollup_internal.align_to_buckets(r.bucket, r.time_zone, range_from, range_to);
    -- Under the locks: meanwhile nothing expires, neither rows nor events.
    perform rollup_internal.wait_for_run_lock(rollup_name);
    execute format('lock table %s in access share mode', r.source);
    perform from rollup_internal.sources s where s.source = r.source for share;
    r := rollup_internal.get_rollup(rollup_name);  -- it may have been altered meanwhile
    missing := rollup.missing_ranges(r.source) * tstzmultirange(span);
    if not isempty(missing) then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('rollup %I cannot be rebuilt for times whose raw events were dropped', rollup_name),
            detail = format('Dropped: %s.', missing),
            hint = 'Nothing was changed. Rebuild from a time on: from '
                   || coalesce(upper(missing)::text, 'after them') || '.';
    end if;
    if r.expired_before is not null and (lower(span) is null or lower(span) < r.expired_before) then
        perform rollup_internal.move_expiry_back(r, span, tenant);
    end if;

    if lower(span) is not null then
        row_condition := row_condition || format(' and %I >= %L', r.bucket_column, lower(span));
    end if;
    if upper(span) is not null then
        row_condition := row_condition || format(' and %I < %L', r.bucket_column, upper(span));
    end if;
    if tenant is not null then
        row_condition := row_condition || format(' and %I = %L', r.tenant, tenant);
    end if;
    -- The bucket's bounds are the time's bounds too: the range is of whole buckets.
    raw_condition := replace(row_condition, format(' and %I ', r.bucket_column), format(' and %I ', r.time_column))
        || ' and not ' || rollup_internal.uncounted_condition(rollup_name) || coalesce(' and (' || r.filter || ')', '');

    select array_agg(quote_ident(c.column_name)), array_agg(c.expression),
           count(*) filter (where c.role <> 'measure')
      into names, expressions, number_of_keys
      from rollup_internal.target_columns(r) c;

    perform set_config('topn.number_of_counters', coalesce(rollup_internal.max_top_counters(r.measures), 1000)::text, true);
    perform rollup_internal.propagate_settings();
    perform length(repeat(' ', 4000000));  -- as in rollup_internal.begin_run
    execute format('delete from %s where %s', r.target, row_condition);
    get diagnostics rows_before = row_count;
    execute format('insert into %s (%s) select %s from %s where %s group by %s',
                   r.target, array_to_string(names, ', '), array_to_string(expressions, ', '),
                   r.source, raw_condition,
                   (select string_agg(n::text, ', ') from generate_series(1, number_of_keys) n));
    get diagnostics rows_after = row_count;
    execute format('select count(*) from %s where %s', r.source, raw_condition) into events;
    if rollup_internal.record_completeness(rollup_name, span, tenant) and tenant is null then
        perform rollup_internal.comment_on_measures(rollup_name);
    end if;
end
$$;
comment on function rollup.rebuild(text, timestamptz, timestamptz, text) is
    'Counts the buckets a range touches (all by default) again from raw events, for one tenant or all. '
    'Answers events counted, rows deleted, rows written. Raises object_not_in_prerequisite_state '
    'where raw events were dropped or the rollup''s rows have expired, lock_not_available when a run goes on for longer than rollup.max_wait.';
