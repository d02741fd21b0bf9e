create or replace function rollup_internal.set_event_aside(names text[], id bigint, state text, said text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(names[1]);
    event_tenant text;
begin
    if r.tenant is not null then
        execute format('select min(%I::text) from %s where %I = $1', r.tenant, r.source, r.id_column)
           into event_tenant using id;
    end if;
    insert into rollup_internal.set_aside as s (rollup, event_id, tenant, sqlstate, reason)
    select n, id, event_tenant, state, said from unnest(names) n
    on conflict on constraint set_aside_pkey do update
       set tenant = excluded.tenant, sqlstate = excluded.sqlstate, reason = excluded.reason,
           last_tried_at = excluded.last_tried_at;
end
$$;
comment on function rollup_internal.set_event_aside(text[], bigint, text, text) is
    'Records that rollups could not count an event, and why.';
