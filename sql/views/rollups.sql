-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.rollups', $query$
    select name, id, family, source, target, function_name, tenant, id_column, id_sequence,
           time_column, bucket, bucket_column, dimensions, measures, filter, work_mem, time_zone,
           keep, expired_before, partition_interval, newest_first, revision,
           created_at, source_name, target_name
      from rollup_internal.rollups
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.rollups is 'Declared rollups. Written by rollup.create_rollup, rollup.alter_rollup and rollup.drop_rollup only.';
comment on column rollup.rollups.id is 'Identifies the rollup''s run lock.';
comment on column rollup.rollups.family is
    'Identifies the rollups that are counted together, from one pass over the new events.';
comment on column rollup.rollups.function_name is 'Qualified and quoted name of the generated function that counts one window.';
comment on column rollup.rollups.tenant is 'Column of source and target that shards both; NULL for a rollup without tenants.';
comment on column rollup.rollups.id_sequence is
    'The sequence that the ids of source are drawn from; its cache must be 1.';
comment on column rollup.rollups.dimensions is 'Columns of source, or "expression as name".';
comment on column rollup.rollups.measures is 'Target column to what it holds, e.g. {"visits": {"count": "*"}}.';
comment on column rollup.rollups.time_zone is
    'The bucket is whole days or months of this zone; NULL for a fixed length counted from 2000-01-01 00:00 UTC.';
comment on column rollup.rollups.revision is 'How many times rollup.alter_rollup has altered the rollup.';
comment on column rollup.rollups.filter is 'Only events meeting this condition are counted; NULL for all.';
comment on column rollup.rollups.keep is 'How long rows are kept, see rollup.set_retention; NULL for no limit.';
comment on column rollup.rollups.expired_before is
    'Rows of buckets that begin before this time have been removed. A row in them holds late events only and is '
    'incomplete.';
comment on column rollup.rollups.partition_interval is
    'Length of the partitions that rollup.maintain_partitions creates for target; NULL if it creates none.';
comment on column rollup.rollups.newest_first is
    'Whether history is counted from the newest back; NULL for a rollup declared before 0.2.0.';
comment on column rollup.rollups.source_name is
    'Name of the source when the rollup was declared or the source last accepted: see rollup.accept_source.';
comment on column rollup.rollups.target_name is
    'Name of the rollup''s table when the rollup was declared or last accepted: see rollup.accept_source.';
