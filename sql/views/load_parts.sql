-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.load_parts', $query$
    select load_id, part, source_table, sha256, bytes, position, rows, rejected, after_id, through_id, ids, loaded_by,
           begun_at, loaded_at, seconds, duplicates
      from rollup_internal.load_parts
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.load_parts is
    'The parts of loads, each committed with its events. Parts of a channel that follow each other share a row.';
comment on column rollup.load_parts.sha256 is
    'SHA-256 of the content from its beginning to the end of the part; NULL for a channel.';
comment on column rollup.load_parts.bytes is 'Size of the content from its beginning to the end of the part.';
comment on column rollup.load_parts.after_id is
    'The events have ids above this and up to through_id; NULL if unknown. Others may have ids in between.';
comment on column rollup.load_parts.ids is
    'Exactly the ids of the events; NULL if unknown, because other sessions wrote at the same time and the role may '
    'not read the table, or because they are too scattered to be stored.';
