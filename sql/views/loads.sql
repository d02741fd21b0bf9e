-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.loads', $query$
    select source_table, sha256, file_name, rows, bytes, loaded_at, loaded_by, after_id, through_id
      from rollup_internal.loads
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.loads is 'Files that rollupctl load has loaded, identified by content (SHA-256).';
comment on column rollup.loads.after_id is
    'The rows of the file have ids above this and up to through_id; NULL if unknown. rollupctl load uses them to '
    'detect that the rows of a file no longer exist.';
