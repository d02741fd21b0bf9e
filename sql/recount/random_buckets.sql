-- Blocks of the table and of the source: a row may be wrong, and one may be missing. Sampling reads a few blocks of tables of
-- any size.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.random_buckets(
    r rollup_internal.rollups, number int, out tenant text, out bucket timestamptz)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
    set extra_float_digits = 1
    set bytea_output = hex
as $$
declare
    size_function constant text := case when rollup_internal.is_distributed(r.source)
        then 'citus_relation_size' else 'pg_relation_size' end;
    sampled record;
    blocks bigint;
    percent numeric;
begin
    for sampled in
        select x.* from (values (r.target, quote_ident(r.bucket_column)),
                                (r.source, rollup_internal.bucket_expression(r.bucket, r.time_zone, quote_ident(r.time_column))))
               x (relation, bucket)
    loop
        execute format('select sum(%s(t.relation)) / current_setting(''block_size'')::int'
                       '  from (select $1 union select p.relid from pg_partition_tree($1) p where p.isleaf) t (relation)', size_function)
           into blocks using sampled.relation;
        percent := least(100, 400.0 / greatest(blocks, 1));
        return query execute rollup_internal.fill_template(
            $text$select s.tenant, s.bucket
  from (select distinct {tenant}::text as tenant, {bucket} as bucket from {relation} tablesample system ({percent})
         where isfinite({time})) s
 order by random()
 limit {number}$text$,
            jsonb_build_object(
                'tenant', coalesce(quote_ident(r.tenant), 'null'), 'bucket', sampled.bucket, 'relation', sampled.relation,
                'time', quote_ident(case when sampled.relation = r.target then r.bucket_column else r.time_column end),
                'percent', percent, 'number', number));
    end loop;
end
$$;
comment on function rollup_internal.random_buckets(rollup_internal.rollups, int) is
    'Random tenants and buckets of a rollup: as many from its rows as from its events.';
reset citus.enable_ddl_propagation;
