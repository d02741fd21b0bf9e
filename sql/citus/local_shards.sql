-- shard_name leaves "public" out, which is not in the search_path here.
create or replace function rollup_internal.local_shards(source regclass)
    returns setof regclass
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query execute $query$
        select s.shard
          from (select to_regclass(case when cardinality(parse_ident(x.name)) = 1 then 'public.' else '' end || x.name) as shard
                  from (select shard_name(d.logicalrelid, d.shardid) as name
                          from pg_dist_shard d
                         where d.logicalrelid in (select $1 union all select relid from pg_partition_tree($1))) x) s
         where s.shard is not null
    $query$ using source;
end
$$;
comment on function rollup_internal.local_shards(regclass) is
    'Shards of a distributed table and its partitions that this Citus node holds.';
