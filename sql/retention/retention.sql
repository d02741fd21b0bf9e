-- On Citus the view stays on the coordinator, where the declarations are.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.retention', $query$
    select x.kind, x.name, x.relation, x.keep, x.expired_before, x.is_enforced, e.ended_at, e.kept
      from (select 'source' as kind,
                   (select format('%I.%I', n.nspname, c.relname)
                      from pg_catalog.pg_class c
                      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                     where c.oid = s.source) as name,
                   s.source as relation,
                   s.keep,
                   s.expired_before,
                   exists (select from rollup_internal.rollups r where r.source = s.source) as is_enforced
              from rollup_internal.sources s
            union all
            select 'rollup', r.name, r.target, r.keep, r.expired_before, true
              from rollup_internal.rollups r
            union all
            select 'keys', (select format('%I.%I', n.nspname, c.relname)
                              from pg_catalog.pg_class c
                              join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                             where c.oid = k.keys),
                   k.keys, k.keep, null, true
              from rollup.event_keys k) x
      left join rollup_internal.expiries e on e.relation = x.relation
     where x.name is not null
     order by x.kind = 'keys', x.kind desc, x.name
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.retention is
    'How long the events of each source and the rows of each rollup are kept; see rollup.set_retention.';
comment on column rollup.retention.kind is 'source: its events; rollup: its rows; keys: the keys of a source''s events.';
comment on column rollup.retention.keep is
    'The next rollup.expire_all removes what is older than this; NULL: kept without limit.';
comment on column rollup.retention.expired_before is 'Events or rows before this time have been removed.';
comment on column rollup.retention.is_enforced is
    'Whether rollup.expire_all enforces it. False for a source without rollups, because a rollup may be about to '
    'be declared again.';
comment on column rollup.retention.ended_at is 'When the last expiry of it ended, or took its last step.';
comment on column rollup.retention.kept is
    'What the last expiry did not remove although it is too old, and why: one text for each partition.';
