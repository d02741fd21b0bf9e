-- One statement for many tenants, each with buckets of its own. They are looked up in a constant, which Citus can push down to
-- the shards; the bounds of all and the list of tenants can use indexes and leave out partitions.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.count_again_texts(
    r rollup_internal.rollups, tenants text[], ranges tstzmultirange[], out delete_text text, out insert_text text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    all_ranges constant tstzmultirange := (select range_agg(x.range) from unnest(ranges) m (ranges), unnest(m.ranges) x (range));
    bounds constant tstzrange := range_merge(all_ranges);
    tenant_type constant text := (select format_type(rollup_internal.base_type(a.atttypid), -1) from pg_attribute a
                                   where a.attrelid = r.source and a.attname = r.tenant);
    is_all constant boolean := r.tenant is null or array_position(tenants, null) is not null;
    looked_up constant text := '{buckets}::jsonb ? ({tenant}::text || ''@'' || extract(epoch from {bucket})::text)';
    fills jsonb;
    conditions text[];
    of_rows text;
    of_events text;
begin
    if r.tenant is not null and rollup_internal.has_own_equality(
           r.source, quote_ident(r.tenant), rollup_internal.expression_type(r.source, quote_ident(r.tenant)))
       or not is_all and cardinality(tenants) > 1 and (not isfinite(lower(bounds)) or not isfinite(upper(bounds))) is not false
    then
        return;
    end if;
    if not is_all then
        conditions := array[case when cardinality(tenants) = 1 then rollup_internal.tenant_condition(r, tenants[1])
                                 else format('%I = any (%L::%s[])', r.tenant, tenants, tenant_type) end];
    end if;
    if not is_all and cardinality(tenants) > 1 then
        fills := jsonb_build_object(
            'tenant', quote_ident(r.tenant),
            'buckets', quote_literal((
                select jsonb_object_agg(concat(x.tenant, '@', extract(epoch from b.start)), 0)
                  from unnest(tenants, ranges) x (tenant, times)
                 cross join lateral rollup_internal.bucket_starts(r.bucket, r.time_zone, x.times) b (start))));
        of_rows := rollup_internal.fill_template(looked_up, fills || jsonb_build_object('bucket', quote_ident(r.bucket_column)));
        of_events := rollup_internal.fill_template(looked_up, fills || jsonb_build_object(
            'bucket', rollup_internal.bucket_expression(r.bucket, r.time_zone, quote_ident(r.time_column))));
    elsif all_ranges <> tstzmultirange(bounds) then
        of_rows := format('%L::tstzmultirange @> %I', all_ranges, r.bucket_column);
        of_events := format('%L::tstzmultirange @> %I', all_ranges, r.time_column);
    end if;
    delete_text := format('delete from %s where %s', r.target, rollup_internal.all_of(
        rollup_internal.rows_conditions(r, bounds, null) || array_remove(conditions || of_rows, null)));
    insert_text := rollup_internal.insert_select_text(
        r, rollup_internal.counted_events_conditions(r, bounds, null) || array_remove(conditions || of_events, null));
end
$$;
comment on function rollup_internal.count_again_texts(rollup_internal.rollups, text[], tstzmultirange[]) is
    'The statements that count whole buckets of some tenants (NULL for all) again from raw events, one after the other; NULL '
    'where buckets or tenants cannot be listed. They need the run lock, and rollup_internal.block_expiry.';
reset citus.enable_ddl_propagation;
