-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.sources', $query$
    select source, covered_from, expired_before, keep, purged, partition_interval
      from rollup_internal.sources
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.sources is 'Sources of rollups.';
comment on column rollup.sources.covered_from is
    'Start of the earliest partition that has existed; NULL without partitions. A later time without a partition '
    'means that the partition was dropped.';
comment on column rollup.sources.expired_before is 'rollup.expire has removed events before this time.';
comment on column rollup.sources.keep is 'How long events are kept, see rollup.set_retention; NULL for no limit.';
comment on column rollup.sources.purged is
    'Times of events that were removed on purpose: see rollup.declare_purged.';
comment on column rollup.sources.partition_interval is
    'The length of its partitions, if the package creates them: see rollup.set_partition_interval.';
