create or replace function rollup.expire_rollup(
    rollup_name text, dry_run boolean default false, max_rows bigint default 1000000,
    out partition text, out range_from timestamptz, out range_to timestamptz,
    out rows bigint, out bytes bigint, out action text, out more boolean)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
begin
    return query
        select p ->> 'partition', (p ->> 'range_from')::timestamptz, (p ->> 'range_to')::timestamptz,
               (p ->> 'rows')::bigint, (p ->> 'bytes')::bigint, p ->> 'action', (p ->> 'more')::boolean
          from rollup_internal.expire_range(rollup_name, dry_run, max_rows) p;
end
$$;
comment on function rollup.expire_rollup(text, boolean, bigint) is
    'Removes rows of a rollup that have exceeded its retention (rollup.set_retention): one partition, or whole '
    'buckets of about max_rows rows; more is true if there is another range. Returns no row if there is nothing '
    'to remove. A partition that cannot be dropped keeps none of the others: it is returned with the action kept and the '
    'reason. With dry_run, lists all ranges. Raises lock_not_available when a run, or a '
    'reader of a partitioned table, takes longer than rollup.max_wait.';
