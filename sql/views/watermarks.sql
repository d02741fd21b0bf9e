-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.watermarks', $query$
    select rollup, node_group, last_id, as_of, sequence
      from rollup_internal.watermarks
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.watermarks is 'The last event id each rollup has counted, per node group. Moves in the transaction that counts.';
comment on column rollup.watermarks.as_of is 'Every event committed before this time, on this node, is counted.';
comment on column rollup.watermarks.sequence is
    'The sequence that issued the ids up to last_id: oid, file and parameters. A restart gives it another file.';
