-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.backlogs', $query$
    select rollup, node_group, after_id, through_id, first_size
      from rollup_internal.backlogs
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.backlogs is 'Ranges of event ids below a rollup''s watermark that it has not counted yet: one for each session that counts them, or more.';
comment on column rollup.backlogs.after_id is 'Ids above this one, up to and including through_id.';
comment on column rollup.backlogs.first_size is
    'Number of ids that the backlog of this node had at first, from which the progress of a backfill is calculated.';
