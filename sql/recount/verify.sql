-- Raw events up to the watermark and the rollup's rows are read in one statement, so that both belong to the same
-- snapshot and runs need not stop. Citus has no snapshot across nodes: there, runs of the rollup return busy
-- during its verify. Writers never wait. Differences are materialized before they are formatted, because Citus
-- cannot push down the formatting.
--
-- Buckets whose events have changed, and which have not been corrected yet, are no difference, like events above the watermark.
--
-- A measure that was added later is compared where it is complete. Events that were changed so that they can no longer be
-- counted are left out, with a warning, so that the others are compared.
--
-- (Its SET clauses come from set_counting_settings.sql.)
create or replace function rollup.verify(
    rollup_name text, range_from timestamptz default null, range_to timestamptz default null,
    tenant text default null)
    returns table (rollup text, tenant_id text, bucket timestamptz, dimensions jsonb,
                   measure text, counted text, expected text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    r rollup_internal.rollups;
    of_table rollup_internal.target_column[];
    bounds tstzrange;
    in_statement boolean;
    missing text;
    kept_from text;
    events_conditions text[];
    rows_conditions text[];
    keys text[];
    measures text[];
    pairs text[];
    dimension_pairs text[];
    statement text;
    tenant_text text;
    comparisons text[];
    differences text[];
    tolerances text[];
    no_tolerances text[];
    failing bigint;
    left_out bigint[] := '{}';
    is_guarded boolean := false;
    only_kept text[] := '{}';
    reason text;
begin
    r := rollup_internal.get_rollup(rollup_name);
    perform rollup_internal.require_same_tables(r);
    tenant := rollup_internal.parse_tenant(r, tenant);
    bounds := rollup_internal.align_to_buckets(r.bucket, r.time_zone, range_from, range_to);
    in_statement := not rollup_internal.is_distributed(r.source);
    if in_statement then
        missing := format('(select rollup.missing_ranges(%L))', r.source);
        kept_from := format('(select coalesce(x.expired_before, %L) from rollup_internal.rollups x where x.name = %L)',
                            '-infinity', r.name);
    else
        perform rollup_internal.wait_for_run_lock(rollup_name);
        r := rollup_internal.get_rollup(rollup_name);  -- it may have been altered meanwhile
        missing := format('%L::tstzmultirange', rollup.missing_ranges(r.source));
        kept_from := format('timestamptz %L', coalesce(r.expired_before, '-infinity'));
    end if;
    tenant_text := coalesce('b.' || quote_ident(r.tenant) || '::text', 'null::text');
    rows_conditions := rollup_internal.rows_conditions(r, bounds, tenant);
    if r.keep is not null or r.expired_before is not null then
        only_kept := array[format('%I >= %s', r.time_column, kept_from)];
        rows_conditions := rows_conditions || format('%I >= %s', r.bucket_column, kept_from);
    end if;
    perform rollup_internal.apply_counting_settings(r);

    of_table := rollup_internal.columns_of(r);
    with columns as (
        select c.role, c.column_name, quote_ident(c.column_name) as quoted, c.ordinality as position,
               format(c.display, format('b."(rows %s)"', c.ordinality)) as counted,
               format(c.display, format('b."(events %s)"', c.ordinality)) as expected,
               format('(%s)', rollup_internal.differs_text(
                   c.differs, format('b."(rows %s)"', c.ordinality), format('b."(events %s)"', c.ordinality),
                   string_agg(format('b."(rows %s)"', c.ordinality), ', ') over whole_measure,
                   string_agg(format('b."(events %s)"', c.ordinality), ', ') over whole_measure,
                   format('b."(tolerance %s)"', c.ordinality))) as differs,
               c.tolerance,
               v.condition
          from unnest(of_table) with ordinality c
          left join rollup_internal.completeness_conditions(r) v on v.column_name = c.column_name
        window whole_measure as (partition by c.measure order by c.ordinality
                                 rows between unbounded preceding and unbounded following)
    )
    select array_agg(quoted order by position) filter (where role <> 'measure'),
           array_agg(quoted order by position) filter (where role = 'measure'),
           array_agg(rollup_internal.fill_template(
               '(array_agg({column}) filter (where "(is_raw)"))[1] as "(events {position})", '
               '(array_agg({column}) filter (where not "(is_raw)"))[1] as "(rows {position})"',
               jsonb_build_object('column', quoted, 'position', position)) order by position)
               filter (where role = 'measure')
               || array_agg(format('max("(tolerance %1$s)") as "(tolerance %1$s)"', position)) filter (where tolerance is not null),
           array_agg(format('%L, b.%I', column_name, column_name) order by position) filter (where role = 'dimension'),
           array_agg(rollup_internal.fill_template(
               '({name}, {counted}, {expected}, {condition})',
               jsonb_build_object(
                   'name', quote_literal(column_name), 'counted', counted, 'expected', expected,
                   'condition', concat_ws(' and ', format('(b."(has_rows)" <> b."(has_events)" or %s)', differs), condition)))
               order by position) filter (where role = 'measure'),
           array_agg(concat_ws(' and ', differs, condition) order by position) filter (where role = 'measure'),
           array_agg(format('%s as "(tolerance %s)"', tolerance, position) order by position) filter (where tolerance is not null),
           array_agg('null::double precision'::text) filter (where tolerance is not null)
      into keys, measures, pairs, dimension_pairs, comparisons, differences, tolerances, no_tolerances
      from columns;

    -- The statement is written before the block that executes it: see failing_event.sql.
    --
    -- A bucket that begins before expired_before is left out, even if it ends after it. Without the CASE, the condition
    -- on the bucket would be evaluated for the events that have been set aside because they have no bucket.
    loop
        events_conditions := rollup_internal.counted_events_conditions(r, bounds, tenant, in_statement, is_guarded) || only_kept;
        statement := rollup_internal.fill_template(
            $text$with b as materialized (
    select * from (
        select {keys}, {pairs}, bool_or("(is_raw)") as "(has_events)", bool_or(not "(is_raw)") as "(has_rows)"
          from (
            {events}
            union all
            select {keys}, {row_values}
              from {target}
             where {rows_conditions}
          ) u
         group by {keys}
        ) b
     where case when b."(has_rows)" <> b."(has_events)" or {differences} then
               b.{bucket} >= {kept_from}
               and not rollup_internal.bucket_range({bucket_width}, {time_zone}, b.{bucket}) && {missing} end
)
select {name}, {tenant}, b.{bucket}, jsonb_build_object({dimensions}), m.measure, m.counted, m.expected
  from b
 cross join lateral (values
        {comparisons}
      ) m (measure, counted, expected, differs)
 where m.differs
   and {unchanged}
 order by 3, 2, 4::text, 5$text$,
            jsonb_build_object(
                'keys', array_to_string(keys, ', '),
                'pairs', array_to_string(pairs, ', '),
                'events', rollup_internal.aggregation_text(
                    of_table,
                    case when left_out = '{}' then format('%s e', r.source)
                         else format('(select * from %s where %I <> all (%L::bigint[]) offset 0) e',
                                     r.source, r.id_column, left_out) end,
                    events_conditions, array['true as "(is_raw)"'] || tolerances, indent => 12),
                'row_values', array_to_string(measures || '{false}' || no_tolerances, ', '),
                'target', r.target,
                'rows_conditions', rollup_internal.all_of(rows_conditions),
                'differences', array_to_string(differences, ' or '),
                'bucket', quote_ident(r.bucket_column),
                'kept_from', kept_from,
                'bucket_width', quote_literal(r.bucket),
                'time_zone', quote_nullable(r.time_zone),
                'missing', missing,
                'name', quote_literal(r.name),
                'tenant', tenant_text,
                'unchanged', case when in_statement then rollup_internal.fill_template(
                    'not rollup_internal.is_changed({name}, {tenant}, rollup_internal.bucket_range({bucket_width}, {time_zone}, b.{bucket}))',
                    jsonb_build_object('name', quote_literal(r.name), 'tenant', tenant_text, 'bucket_width', quote_literal(r.bucket),
                                       'time_zone', quote_nullable(r.time_zone), 'bucket', quote_ident(r.bucket_column)))
                    else 'true' end,
                'dimensions', coalesce(array_to_string(dimension_pairs, ', '), ''),
                'comparisons', array_to_string(comparisons, E',\n        ')));
        begin
            if in_statement then
                return query execute statement;
                exit;
            end if;
            -- Nodes have no notes. A change that is seen has a note that is seen afterwards.
            perform rollup_internal.collect_changes();
            for rollup, tenant_id, bucket, dimensions, measure, counted, expected in execute statement loop
                if not rollup_internal.is_changed(r.name, tenant_id, rollup_internal.bucket_range(r.bucket, r.time_zone, bucket)) then
                    return next;
                end if;
            end loop;
            exit;
        exception when others or assert_failure then
            if is_guarded then
                reason := sqlerrm;
                failing := rollup_internal.failing_event(r, bounds, tenant, left_out, sqlstate, reason);
                if failing is null or cardinality(left_out) >= 100 then
                    raise;
                end if;
                left_out := left_out || failing;
            end if;
            is_guarded := true;
        end;
    end loop;
    if left_out <> '{}' then
        raise warning using
            message = format('events of %s that rollup %I has counted can no longer be counted: %s (%s)', r.source, r.name,
                             left_out, reason),
            hint = format('Correct or delete them (column %I). Then, or to set them aside: select * from rollup.repair(%L).',
                          r.id_column, r.name);
    end if;
end
$$;
comment on function rollup.verify(text, timestamptz, timestamptz, text) is
    'Compares a rollup with its raw events, up to the watermark, for the buckets that a range touches (all by '
    'default) and one tenant (all by default). Returns one row for each measure that differs, with the value in '
    'the rollup and the value from the events; no rows if there is no difference. Buckets whose raw events were '
    'dropped (rollup.missing_ranges), whose rows have expired, or whose changes the next job counts '
    '(rollup.pending_changes) are left out.';
