-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.event_keys', $query$
    select k.source, k.keys, k.keep,
           (select r.tenant from rollup_internal.rollups r where r.source = k.source order by r.id limit 1) as tenant
      from rollup_internal.event_keys k
      join pg_catalog.pg_class s on s.oid = k.source
      join pg_catalog.pg_class c on c.oid = k.keys
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.event_keys is
    'The tables of event keys, by which loaders recognize events that they get again: see rollup.set_retention.';
comment on column rollup.event_keys.keys is
    'Has a row for each key of a tenant: which load brought its event, and when.';
comment on column rollup.event_keys.keep is 'How long keys are kept; NULL for no limit.';
comment on column rollup.event_keys.tenant is 'The column of the source to whose values the keys belong.';
