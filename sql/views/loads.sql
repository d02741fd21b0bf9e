-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.loads', $query$
    select source_table, sha256, file_name, rows, bytes, loaded_at, loaded_by, after_id, through_id, load_id, channel,
           position, rejected, seconds, begun_at, unloaded_rows, unloaded_at, duplicates
      from rollup_internal.loads
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.loads is
    'What was loaded: contents of files and pipes, identified by their digest, and channels, identified by name.';
comment on column rollup.loads.sha256 is
    'SHA-256 of the content when all of it is loaded; NULL while a load is unfinished, after it was unloaded, and for a '
    'channel.';
comment on column rollup.loads.after_id is
    'The events have ids above this and up to through_id; NULL if unknown. Others may have ids in between: see '
    'rollup.load_parts.';
comment on column rollup.loads.channel is 'Name of the channel; NULL for a file or a pipe.';
comment on column rollup.loads.position is 'How far the channel is loaded, in the terms of its producer.';
comment on column rollup.loads.rejected is 'Rows that were left out because they are invalid.';
comment on column rollup.loads.duplicates is 'Rows that were left out because their event key was loaded before.';
comment on column rollup.loads.seconds is 'Time that loading took; NULL if unknown.';
comment on column rollup.loads.unloaded_rows is 'Events that rollup.unload has removed.';
comment on column rollup.loads.unloaded_at is
    'When rollup.unload had removed all events, so that the content can be loaded again; NULL otherwise.';
