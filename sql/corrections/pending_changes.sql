-- Both stages: what statements have noted, and what has been handed out to rollups. Times are those of events or of buckets.
--
-- On Citus the function stays on the coordinator, where the notes are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.pending_changes(
    rollup_name text, out tenant text, out times tstzrange, out first_id bigint, out last_id bigint, out noted_at timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Tenants are values of events. A role that may not see them has to expect a change of any of them.
    shows_tenants constant boolean := has_column_privilege('rollup_internal.changes', 'tenant', 'select')
                                      and has_column_privilege('rollup_internal.changed_buckets', 'tenant', 'select');
begin
    if shows_tenants then
        return query
            select c.tenant, tstzrange(c.range_from, c.range_to, '[]'), c.first_id, c.last_id, c.noted_at
              from rollup_internal.rollups r join rollup_internal.changes c on c.source = r.source
             where r.name = rollup_name
            union all
            select b.tenant, tstzrange(b.range_from, b.range_to), b.first_id, b.last_id, b.noted_at
              from rollup_internal.changed_buckets b
             where b.rollup = rollup_name;
        return;
    end if;
    return query
        select null::text, tstzrange(c.range_from, c.range_to, '[]'), c.first_id, c.last_id, c.noted_at
          from rollup_internal.rollups r join rollup_internal.changes c on c.source = r.source
         where r.name = rollup_name
        union all
        select null::text, tstzrange(b.range_from, b.range_to), b.first_id, b.last_id, b.noted_at
          from rollup_internal.changed_buckets b
         where b.rollup = rollup_name;
end
$$;
comment on function rollup_internal.pending_changes(text) is
    'The tenants and times of a rollup that are to be counted again because events have changed.';
reset citus.enable_ddl_propagation;
