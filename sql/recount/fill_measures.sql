-- Writes only the added measures: where raw events have been erased since they were counted, the other measures
-- keep their values. What late events have added is cleared first; it would remain in rows that have no events any
-- more. Rows are matched by their whole key, with NULLs as equals, in a hash table. The keys are wrapped in arrays
-- because Citus would rewrite a comparison of rows.
--
-- (Its SET clauses come from set_counting_settings.sql.)
create or replace function rollup_internal.fill_measures(
    rollup_name text, step_from timestamptz, step_to timestamptz, tenant text,
    out said text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
    added text[];
    bounds tstzrange;
    filled tstzrange;
    missing tstzmultirange;
    last_missing timestamptz;
    has_rows boolean;
    columns rollup_internal.target_column[];
    filled_columns text[];
    same_key text;
    rows_condition text;
begin
    perform rollup_internal.require_read_committed(format('rollup %I cannot be backfilled', rollup_name));
    -- While the locks are held, neither rows nor events expire.
    perform rollup_internal.wait_for_run_lock(rollup_name);
    r := rollup_internal.get_rollup(rollup_name);
    perform rollup_internal.require_same_tables(r);
    perform rollup_internal.block_expiry(r.source);
    r := rollup_internal.get_rollup(rollup_name);
    tenant := rollup_internal.parse_tenant(r, tenant);
    -- A range that ends at infinity would leave out the bucket of that time.
    select array_agg(s.measure), tstzrange(step_from, nullif(max(s.valid_since), 'infinity')) into added, bounds
      from rollup_internal.measures_complete_since(rollup_name, tenant) s
     where s.valid_since > step_from and s.valid_since <= step_to;
    if added is null then
        return;
    end if;
    r := rollup_internal.with_only_measures(r, added);
    said := array_to_string(array(select quote_ident(m) from json_object_keys(r.measures) m), ', ');

    -- Rows of earlier buckets are incomplete in any case.
    filled := bounds * tstzrange(r.expired_before, null);
    missing := rollup.missing_ranges(r.source) * tstzmultirange(filled);
    if not isempty(missing) then
        execute rollup_internal.fill_template(
            $text$select max(t.{bucket})
  from {target} t
 where {condition}
   and rollup_internal.bucket_range({bucket_width}, {time_zone}, t.{bucket}) && {missing}::tstzmultirange$text$,
            jsonb_build_object(
                'bucket', quote_ident(r.bucket_column),
                'target', r.target,
                'condition', rollup_internal.all_of(rollup_internal.rows_conditions(r, filled, tenant, 't')),
                'bucket_width', quote_literal(r.bucket),
                'time_zone', quote_nullable(r.time_zone),
                'missing', quote_literal(missing)))
           into last_missing;
    end if;
    if last_missing is not null then
        filled := tstzrange(rollup.bucket_end(r.bucket, r.time_zone, last_missing), upper(bounds));
        if isempty(filled) then
            said := format('%s cannot be filled in before %s: raw events were dropped', said, upper(bounds));
            return;
        end if;
        bounds := filled;
    end if;

    columns := rollup_internal.columns_of(r);
    select array_agg(quote_ident(c.column_name)) filter (where c.role = 'measure'),
           concat_ws(' and ',
               rollup_internal.same_key_text(r, columns, 'r', 's', with_dimensions => false),
               format('array[row(%s)] = array[row(%s)]',
                      string_agg(format('r.%I::%s', c.column_name, c.column_type), ', ')
                          filter (where c.role = 'dimension'),
                      string_agg(format('s.%I::%s', c.column_name, c.column_type), ', ')
                          filter (where c.role = 'dimension')))
      into filled_columns, same_key
      from unnest(columns) c;
    rows_condition := rollup_internal.all_of(rollup_internal.rows_conditions(r, filled, tenant, 'r'));

    if not isempty(filled) then
        execute format('select exists (select 1 from %s r where %s)', r.target, rows_condition) into has_rows;
    end if;
    if has_rows then
        perform rollup_internal.apply_counting_settings(r);
        execute rollup_internal.fill_template(
            'update {target} r set {nulls} where {rows} and ({has_values})',
            jsonb_build_object(
                'target', r.target,
                'nulls', (select string_agg(c || ' = null', ', ') from unnest(filled_columns) c),
                'rows', rows_condition,
                'has_values', (select string_agg(format('r.%s is not null', c), ' or ') from unnest(filled_columns) c)));
        execute rollup_internal.fill_template(
            $text$update {target} r
   set {values}
  from (
    {events}) s
 where {same_key}
   and {rows}$text$,
            jsonb_build_object(
                'target', r.target,
                'values', (select string_agg(format('%1$s = s.%1$s', c), ', ') from unnest(filled_columns) c),
                'events', rollup_internal.aggregation_text(
                    columns, r.source::text,
                    rollup_internal.counted_events_conditions(r, filled, tenant, is_guarded => true), indent => 4),
                'same_key', same_key,
                'rows', rows_condition));
    end if;
    perform rollup_internal.record_completeness(rollup_name, bounds, tenant);
    said := case when last_missing is not null
        then format('%s cannot be filled in before %s: raw events were dropped', said, lower(bounds))
        when lower(bounds) = '-infinity' then format('%s complete in all buckets', said)
        else format('%s complete from %s on', said, lower(bounds)) end;
end
$$;
comment on function rollup_internal.fill_measures(text, timestamptz, timestamptz, text) is
    'Fills in, from step_from on, the added measures that are complete from a bucket in (step_from, step_to]. '
    'Returns how far they are complete; NULL if there are none.';
