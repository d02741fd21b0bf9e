-- A rollup of a distributed table is colocated with it. Citus colocates only with tables that are divided by a hash of
-- a column: not with copies on every node, tables of one shard, as a distributed schema has them, or local ones that
-- it knows of.
create or replace function rollup_internal.validate_sharding(source regclass)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    kind text;
    undistribute text := format('undistribute_table(%L)', source);
begin
    if not rollup_internal.is_distributed(source) then
        return;
    end if;
    execute 'select case when partmethod = ''h'' then null
                         when partmethod <> ''n'' then ''is not distributed by hash''
                         when repmodel = ''t'' then ''is a reference table''
                         when colocationid <> 0 then ''has a single shard''
                         else ''is a local table that Citus manages'' end
               from pg_dist_partition where logicalrelid = $1'
       into kind using source;
    if kind is not null then
        if to_regclass('pg_dist_schema') is not null then
            execute 'select coalesce(max(format(''citus_schema_undistribute(%L)'', s.schemaid::regnamespace)), $2)
                       from pg_class c join pg_dist_schema s on s.schemaid = c.relnamespace where c.oid = $1'
               into undistribute using source, undistribute;
        end if;
        raise exception using
            errcode = 'feature_not_supported',
            message = format('%s %s: Citus cannot count it on the shards', source, kind),
            hint = format('Distribute it by its tenant: select %s, then select create_distributed_table(%L, …). '
                          'After the first alone it is counted on the coordinator.', undistribute, source);
    end if;
end
$$;
comment on function rollup_internal.validate_sharding(regclass) is
    'Refuses a source that Citus manages in another way than by a hash of a column.';
