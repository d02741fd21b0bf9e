-- Only the added measures are written: where raw events have been erased since they were counted, the
-- others keep what they hold. What late events have put there goes first; rows whose events are all
-- gone have nothing else. Rows are matched by their whole key in a hash table, NULLs as equals: Citus
-- would take a row apart, but leaves it alone in an array.
create or replace function rollup_internal.fill_measures(
    rollup_name text, step_from timestamptz, step_to timestamptz, tenant text,
    out said text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
    set plan_cache_mode = force_custom_plan
    set enable_hashagg = off
    set enable_mergejoin = off
    set enable_nestloop = off
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
declare
    r rollup_internal.rollups;
    measures text[];
    span tstzrange;
    filled tstzrange;
    missing tstzmultirange;
    gone timestamptz;
    any_rows boolean;
    keys text[];
    columns text[];
    expressions text[];
    same_row text;
    raw_condition text;
    row_condition text;
begin
    perform rollup_internal.require_read_committed(rollup_name, 'backfilled');
    -- Under the locks: meanwhile nothing expires, neither rows nor events.
    perform rollup_internal.wait_for_run_lock(rollup_name);
    r := rollup_internal.get_rollup(rollup_name);
    execute format('lock table %s in access share mode', r.source);
    perform from rollup_internal.sources s where s.source = r.source for share;
    r := rollup_internal.get_rollup(rollup_name);
    tenant := rollup_internal.parse_tenant(r, tenant);
    select array_agg(s.measure), tstzrange(step_from, max(s.valid_since)) into measures, span
      from rollup_internal.measures_complete_since(rollup_name, tenant) s
     where s.valid_since > step_from and s.valid_since <= step_to;
    if measures is null then
        return;
    end if;
    r := rollup_internal.with_only_measures(r, measures);
    said := array_to_string(array(select quote_ident(m) from json_object_keys(r.measures) m), ', ');

    -- What lies before is not whole whatever it holds.
    filled := span * tstzrange(r.expired_before, null);
    missing := rollup.missing_ranges(r.source) * tstzmultirange(filled);
    if not isempty(missing) then
        execute format('select max(t.%1$I) from %2$s t where t.%1$I >= %3$L and t.%1$I < %4$L and %5$s
                           and tstzrange(t.%1$I, rollup.bucket_end(%6$L, %7$L, t.%1$I)) && %8$L::tstzmultirange',
                       r.bucket_column, r.target, lower(filled), upper(filled),
                       case when tenant is null then 'true' else format('t.%I = %L', r.tenant, tenant) end,
                       r.bucket, r.time_zone, missing) into gone;
    end if;
    if gone is not null then
        span := tstzrange(rollup.bucket_end(r.bucket, r.time_zone, gone), upper(span));
        filled := span;
        if isempty(span) then
            said := format('%s cannot be filled in before %s: raw events were dropped', said, upper(span));
            return;
        end if;
    end if;

    select array_agg(c.expression || coalesce(' as ' || nullif(quote_ident(c.column_name), c.expression), '')),
           array_agg(quote_ident(c.column_name)) filter (where c.role <> 'measure'),
           array_agg(quote_ident(c.column_name)) filter (where c.role = 'measure'),
           string_agg(format('r.%1$I = s.%1$I', c.column_name), ' and ') filter (where c.role in ('tenant', 'bucket'))
           || coalesce(format(' and array[row(%s)] = array[row(%s)]',
                  string_agg(format('r.%I::%s', c.column_name, c.column_type), ', ') filter (where c.role = 'dimension'),
                  string_agg(format('s.%I::%s', c.column_name, c.column_type), ', ') filter (where c.role = 'dimension')), '')
      into expressions, keys, columns, same_row
      from rollup_internal.target_columns(r) c;
    raw_condition := format('%1$I >= %2$L and %1$I < %3$L and not %4$s', r.time_column, lower(filled), upper(filled),
                            rollup_internal.uncounted_condition(rollup_name)) || coalesce(' and (' || r.filter || ')', '');
    row_condition := format('r.%1$I >= %2$L and r.%1$I < %3$L', r.bucket_column, lower(filled), upper(filled));
    if tenant is not null then
        raw_condition := raw_condition || format(' and %I = %L', r.tenant, tenant);
        row_condition := row_condition || format(' and r.%I = %L', r.tenant, tenant);
    end if;

    if not isempty(filled) then
        execute format('select exists (select 1 from %s r where %s)', r.target, row_condition) into any_rows;
    end if;
    if any_rows then
        perform set_config('topn.number_of_counters', coalesce(rollup_internal.max_top_counters(r.measures), 1000)::text, true);
        perform rollup_internal.propagate_settings();
        perform length(repeat(' ', 4000000));  -- as in rollup_internal.begin_run
        execute format('update %s r set %s where %s and (%s)', r.target,
                       (select string_agg(c || ' = null', ', ') from unnest(columns) c),
                       row_condition,
                       (select string_agg('r.' || c || ' is not null', ' or ') from unnest(columns) c));
        execute format('update %s r set %s from (select %s from %s where %s group by %s) s where %s and %s',
                       r.target,
                       (select string_agg(format('%1$s = s.%1$s', c), ', ') from unnest(columns) c),
                       array_to_string(expressions, ', '),
                       r.source,
                       raw_condition,
                       (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n),
                       same_row,
                       row_condition);
    end if;
    perform rollup_internal.record_completeness(rollup_name, span, tenant);
    said := case when gone is not null
        then format('%s cannot be filled in before %s: raw events were dropped', said, lower(span))
        when lower(span) = '-infinity' then format('%s complete in all buckets', said)
        else format('%s complete from %s on', said, lower(span)) end;
end
$$;
comment on function rollup_internal.fill_measures(text, timestamptz, timestamptz, text) is
    'Fills in the added measures that begin to be complete in (step_from, step_to], from step_from on, '
    'and says how far they are; NULL when there are none.';
