-- On Citus the view stays on the coordinator, where the notes are.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.pending_changes', $query$
    select r.name as rollup, r.source, p.tenant, lower(p.times) as range_from, upper(p.times) as range_to, p.noted_at
      from rollup_internal.rollups r
     cross join lateral rollup_internal.pending_changes(r.name) p
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.pending_changes is
    'Tenants and times whose events have changed since a rollup has counted them: the next job counts them again. Until then the '
    'rollup and its live view show these buckets as they were counted.';
comment on column rollup.pending_changes.tenant is
    'NULL for all tenants, for those that are NULL, or if this role may not see them.';
comment on column rollup.pending_changes.range_from is 'With range_to, times of events or of buckets; NULL for no limit.';
