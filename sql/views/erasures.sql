-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.erasures', $query$
    select id, source, erased_at, erased_by, reference, events, rollups from rollup_internal.erasures
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.erasures is
    'Proof of what rollup.erase has done: when, by whom, how many events, and which rollups were counted again. Whom it concerned is not '
    'recorded.';
comment on column rollup.erasures.reference is 'What the caller has given to find the request again.';
comment on column rollup.erasures.rollups is 'For each rollup, its rows before and after: {"name": {"rows_before", "rows_after"}}.';
