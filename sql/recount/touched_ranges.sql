-- Few tenants are listed one by one; many together, because each rebuild has a cost of its own. The buckets of rows that
-- have expired are left out: their rows no longer exist.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.touched_ranges(
    r rollup_internal.rollups, events_conditions text[], out tenant text, out range_from timestamptz, out range_to timestamptz)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    max_tenants constant int := 10;
    touched jsonb;
    one_by_one boolean;
begin
    execute rollup_internal.fill_template(
        $text$select coalesce(jsonb_agg(jsonb_build_array(t.tenant, t.bucket)), '[]')
  from (select {tenant}::text as tenant, {bucket} as bucket from {source} where {conditions} group by 1, 2) t$text$,
        jsonb_build_object(
            'tenant', coalesce(quote_ident(r.tenant), 'null'),
            'bucket', rollup_internal.bucket_expression(r.bucket, r.time_zone, quote_ident(r.time_column)),
            'source', r.source,
            'conditions', rollup_internal.all_of(
                events_conditions || rollup_internal.counted_events_conditions(
                    r, tstzrange(null, null), null, is_guarded => true))))
       into touched;
    one_by_one := (select count(distinct t ->> 0) <= max_tenants from jsonb_array_elements(touched) t);
    return query
        select m.tenant, lower(x.range), upper(x.range)
          from (select case when one_by_one then t ->> 0 end as tenant,
                       range_agg(rollup_internal.bucket_range(r.bucket, r.time_zone, (t ->> 1)::timestamptz)) as ranges
                  from jsonb_array_elements(touched) t
                 where r.expired_before is null or (t ->> 1)::timestamptz >= r.expired_before
                 group by 1) m
         cross join lateral unnest(m.ranges) x (range)
         order by 2, 1;
end
$$;
comment on function rollup_internal.touched_ranges(rollup_internal.rollups, text[]) is
    'The tenants, or NULL for all, and ranges of whole buckets in which a rollup has counted the given events.';
reset citus.enable_ddl_propagation;
