-- Tenants for which more has been filled in are listed in a single constant. The condition stays short for
-- thousands of tenants, and Citus can push it down to the shards.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.completeness_conditions(
    r rollup_internal.rollups, out column_name text, out condition text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    added record;
begin
    for added in
        select a.measure, a.valid_since,
               (select jsonb_object_agg(t.tenant, t.valid_since::text)
                  from rollup_internal.added_measures t
                 where t.rollup = a.rollup and t.measure = a.measure and t.tenant is not null) as tenants
          from rollup_internal.added_measures a
         where a.rollup = r.name and a.tenant is null and a.valid_since > '-infinity'
    loop
        condition := case when added.valid_since = 'infinity' and added.tenants is null then 'false'
            when added.tenants is null
            then format('b.%I >= %L', r.bucket_column, added.valid_since)
            else rollup_internal.fill_template(
                'b.{bucket} >= coalesce(({tenants}::jsonb ->> b.{tenant}::text)::timestamptz, {valid_since})',
                jsonb_build_object('bucket', quote_ident(r.bucket_column), 'tenant', quote_ident(r.tenant),
                                   'tenants', quote_literal(added.tenants),
                                   'valid_since', quote_literal(added.valid_since))) end;
        for column_name in
            select c.column_name
              from rollup_internal.target_columns(rollup_internal.with_only_measures(r, array[added.measure])) c
             where c.role = 'measure'
        loop
            return next;
        end loop;
    end loop;
end
$$;
comment on function rollup_internal.completeness_conditions(rollup_internal.rollups) is
    'The columns of measures that are incomplete in some buckets, and the condition on a row b of the rollup '
    'under which they are complete.';
reset citus.enable_ddl_propagation;
