-- Raw events up to the watermark and the rollup's rows are read in one statement, so that both are
-- of one moment and no run needs to be stopped. Citus has no snapshot across nodes: there the
-- rollup's runs step aside while its verify goes on. Writers never wait. What differs is
-- materialized before it is spelled out, as Citus pushes down all but that.
-- A measure that was added later is compared where it is complete.
create or replace function rollup.verify(
    rollup_name text, range_from timestamptz default null, range_to timestamptz default null,
    tenant text default null)
    returns table (rollup text, tenant_id text, bucket timestamptz, dimensions jsonb,
                   measure text, counted text, expected text)
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
    missing text;
    kept_from text;
    keys text[];
    key_names text[];
    expressions text[];
    measures text[];
    checks text;
    any_differs text;
    valid_where jsonb;
    counted_condition text;
    raw_condition text := 'true';
    row_condition text := 'true';
begin
    r := rollup_internal.get_rollup(rollup_name);
    tenant := rollup_internal.parse_tenant(r, tenant);
    span := rollup_internal.align_to_buckets(r.bucket, r.time_zone, range_from, range_to);
    if rollup_internal.is_distributed(r.source) then
        perform rollup_internal.wait_for_run_lock(rollup_name);
        r := rollup_internal.get_rollup(rollup_name);  -- it may have been altered meanwhile
        counted_condition := 'not ' || rollup_internal.uncounted_condition(rollup_name);
        missing := format('%L::tstzmultirange', rollup.missing_ranges(r.source));
        kept_from := format('timestamptz %L', coalesce((select x.expired_before from rollup_internal.rollups x where x.name = rollup_name), '-infinity'));
    else
        missing := format('(select rollup.missing_ranges(%L))', r.source);
        kept_from := format('(select coalesce(x.expired_before, %L) from rollup_internal.rollups x where x.name = %L)', '-infinity', rollup_name);
        counted_condition := format('not exists (select from rollup_internal.tails t where t.rollup = %2$L '
                                    'and e.%1$I > t.after_id and e.%1$I <= t.through_id)', r.id_column, rollup_name);
    end if;

    select coalesce(jsonb_object_agg(v.column_name, v.condition), '{}') into valid_where from rollup_internal.completeness_conditions(r) v;
    perform set_config('topn.number_of_counters', coalesce(rollup_internal.max_top_counters(r.measures), 1000)::text, true);
    perform rollup_internal.propagate_settings();
    perform length(repeat(' ', 4000000));  -- as in rollup_internal.begin_run

    select array_agg(quote_ident(c.column_name)) filter (where c.role <> 'measure'),
           array_agg(c.expression),
           array_agg(quote_ident(c.column_name)) filter (where c.role = 'measure'),
           string_agg(format('(%L, %s, %s, (has_rows <> has_events or %s)%s)', c.column_name,
                             format(c.display, 'b.rows_' || n), format(c.display, 'b.events_' || n),
                             format(c.differs, 'b.rows_' || n, 'b.events_' || n), ' and ' || (valid_where ->> c.column_name)), E',\n                ')
               filter (where c.role = 'measure'),
           'has_rows <> has_events' || string_agg(concat(' or (', format(c.differs, 'b.rows_' || n, 'b.events_' || n), ')', ' and ' || (valid_where ->> c.column_name)), '')
               filter (where c.role = 'measure')
      into keys, expressions, measures, checks, any_differs
      from rollup_internal.target_columns(r) with ordinality
           c (role, column_name, column_type, expression, merge, combine, differs, display, measure, shown, n);

    -- A bucket that begins before its rows expired is left out, also where it ends after.
    if r.keep is not null or r.expired_before is not null then
        raw_condition := raw_condition || format(' and %I >= %s', r.time_column, kept_from);
        row_condition := row_condition || format(' and %I >= %s', r.bucket_column, kept_from);
    end if;
    if lower(span) is not null then
        raw_condition := raw_condition || format(' and %I >= %L', r.time_column, lower(span));
        row_condition := row_condition || format(' and %I >= %L', r.bucket_column, lower(span));
    end if;
    if upper(span) is not null then
        raw_condition := raw_condition || format(' and %I < %L', r.time_column, upper(span));
        row_condition := row_condition || format(' and %I < %L', r.bucket_column, upper(span));
    end if;
    if tenant is not null then
        raw_condition := raw_condition || format(' and %I = %L', r.tenant, tenant);
        row_condition := row_condition || format(' and %I = %L', r.tenant, tenant);
    end if;
    raw_condition := raw_condition || coalesce(' and (' || r.filter || ')', '');

    return query execute format($text$
        with b as materialized (
            select * from (
            select %5$s, %6$s, bool_or(is_raw) as has_events, bool_or(not is_raw) as has_rows
              from (
                select %7$s, true as is_raw
                  from %8$s e
                 where %9$s
                   and %10$s
                 group by %11$s
                union all
                select %5$s, %12$s, false
                  from %13$s
                 where %14$s
              ) u
             group by %5$s
            ) b
             where (%18$s)
               and b.%3$I >= %20$s
               and not tstzrange(b.%3$I, rollup.bucket_end(%16$L, %19$L, b.%3$I)) && %17$s
        )
        select %1$L, %2$s, b.%3$I, %4$s, m.measure, m.counted, m.expected
          from b
         cross join lateral (values
                %15$s
              ) m (measure, counted, expected, differs)
         where m.differs
         order by 3, 2, 4::text, 5
    $text$,
        rollup_name,
        case when r.tenant is null then 'null::text' else format('b.%I::text', r.tenant) end,
        r.bucket_column,
        'jsonb_build_object(' || coalesce((
            select string_agg(format('%L, b.%I', c.column_name, c.column_name), ', ')
              from rollup_internal.target_columns(r) c where c.role = 'dimension'), '') || ')',
        array_to_string(keys, ', '),
        (select string_agg(format('(array_agg(%1$s) filter (where is_raw))[1] as events_%2$s, '
                                  '(array_agg(%1$s) filter (where not is_raw))[1] as rows_%2$s',
                                  m, n + cardinality(keys)), ', ')
           from unnest(measures) with ordinality x (m, n)),
        (select string_agg(e || ' as ' || c, ', ' order by n)
           from rows from (unnest(expressions), unnest(keys || measures)) with ordinality x (e, c, n)),
        r.source,
        counted_condition,
        raw_condition,
        (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n),
        array_to_string(measures, ', '),
        r.target,
        row_condition,
        checks,
        r.bucket,
        missing,
        any_differs,
        r.time_zone,
        kept_from);
end
$$;
comment on function rollup.verify(text, timestamptz, timestamptz, text) is
    'Compares a rollup with its raw events, up to the watermark, for the buckets a range touches (all '
    'by default) and one tenant (all by default): one row for each measure that differs, with what the '
    'rollup has and what the events say; no rows when all is well. Buckets whose raw events were '
    'dropped are left out (rollup.missing_ranges), and those whose rows have expired.';
