-- One statement for many tenants, each with buckets of its own. They are looked up in a constant, which Citus can push down to
-- the shards; the bounds of all and the list of tenants can use indexes and leave out partitions.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.count_again(
    r rollup_internal.rollups, tenants text[], ranges tstzmultirange[], out rows_before bigint, out rows_after bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    all_ranges constant tstzmultirange := (select range_agg(x.range) from unnest(ranges) m (ranges), unnest(m.ranges) x (range));
    bounds constant tstzrange := range_merge(all_ranges);
    tenant_type constant text := (select format_type(a.atttypid, -1) from pg_attribute a
                                   where a.attrelid = r.source and a.attname = r.tenant);
    is_all constant boolean := r.tenant is null or array_position(tenants, null) is not null;
    is_contiguous constant boolean := all_ranges = tstzmultirange(bounds) and cardinality(ranges) = 1;
    tenant_condition text;
    lookup text;
begin
    if not is_all then
        tenant_condition := case when cardinality(tenants) = 1 then rollup_internal.tenant_condition(r, tenants[1])
            else format('%I = any (%L::%s[])', r.tenant, tenants, tenant_type) end;
        lookup := rollup_internal.fill_template(
            '({ranges}::jsonb ->> {tenant}::text)::tstzmultirange @> ',
            jsonb_build_object('tenant', quote_ident(r.tenant),
                               'ranges', quote_literal((select jsonb_object_agg(t, m::text) from unnest(tenants, ranges) x (t, m)))));
    else
        lookup := format('%L::tstzmultirange @> ', all_ranges);
    end if;
    execute format('delete from %s where %s', r.target, rollup_internal.all_of(
        rollup_internal.rows_conditions(r, bounds, null) || array_remove(
            array[tenant_condition, case when not is_contiguous then concat(lookup, quote_ident(r.bucket_column)) end], null)));
    get diagnostics rows_before = row_count;
    execute rollup_internal.insert_select_text(r, rollup_internal.counted_events_conditions(r, bounds, null) || array_remove(
        array[tenant_condition, case when not is_contiguous then concat(lookup, quote_ident(r.time_column)) end], null));
    get diagnostics rows_after = row_count;
end
$$;
comment on function rollup_internal.count_again(rollup_internal.rollups, text[], tstzmultirange[]) is
    'Counts whole buckets of some tenants (NULL for all) again from raw events. Needs the run lock, and rollup_internal.block_expiry.';
reset citus.enable_ddl_propagation;
