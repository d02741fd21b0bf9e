-- A time is looked for below which there are about max_rows keys, because Citus cannot limit a DELETE.
create or replace function rollup_internal.expire_keys(
    keys regclass, keep interval, max_rows bigint, out part jsonb, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    cutoff constant timestamptz := now() - keep;
    next_cutoff timestamptz;
    removed bigint;
begin
    execute format('select max(seen_at) from (select seen_at from %s where seen_at < $1 order by seen_at limit $2) x', keys)
       into next_cutoff using cutoff, max_rows;
    execute format('delete from %s where seen_at <= $1', keys) using next_cutoff;
    get diagnostics removed = row_count;
    more := removed >= max_rows;
    if removed > 0 then
        part := jsonb_build_object('partition', keys::text, 'range_from', null, 'range_to', next_cutoff, 'events', removed,
                                   'action', 'deleted');
    end if;
end
$$;
comment on function rollup_internal.expire_keys(regclass, interval, bigint) is
    'Deletes about max_rows of the oldest event keys that have exceeded their retention; returns what was removed, or NULL, '
    'and whether there are more.';
