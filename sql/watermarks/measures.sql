-- On Citus the view stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.measures', $query$
    select r.name as rollup,
           m.key as measure,
           m.value as definition,
           nullif(a.valid_since, '-infinity') as valid_since,
           case when a.valid_since > '-infinity' then a.valid_since - a.first_bucket end as still_to_fill,
           a.added_at
      from rollup_internal.rollups r
     cross join lateral json_each(r.measures) with ordinality m (key, value, position)
      left join rollup_internal.added_measures a on a.rollup = r.name and a.measure = m.key and a.tenant is null
     order by r.id, m.position
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.measures is 'The measures of every rollup, and the bucket from which each is complete.';
comment on column rollup.measures.valid_since is
    'The measure is complete in buckets that start then or later; NULL: in all buckets. Older buckets hold NULL, '
    'or only what late events have added: see rollup.backfill_measures.';
comment on column rollup.measures.still_to_fill is
    'Range from the rollup''s first bucket to valid_since; NULL if the measure is complete.';
comment on column rollup.measures.added_at is 'When rollup.alter_rollup added it; NULL for a measure that was declared.';
