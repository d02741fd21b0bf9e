create or replace function rollup_internal.end_expiry(source regclass, cutoff timestamptz, parts jsonb[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
begin
    -- Old events of a default partition that was kept have not expired.
    perform rollup_internal.record_source_history(source, case
        when exists (select from unnest(parts) p where (p ->> 'is_default')::boolean and p -> 'reason' <> 'null')
            then (select max((p ->> 'range_to')::timestamptz) from unnest(parts) p where p ->> 'action' = 'dropped')
        else cutoff end);
    perform rollup_internal.record_expiry(source, array(
        select format('%s: %s', p ->> 'partition', p ->> 'reason') from unnest(parts) p where p -> 'reason' <> 'null'));
end
$$;
comment on function rollup_internal.end_expiry(regclass, timestamptz, jsonb[]) is
    'Records which events of a source have expired, and what was kept.';
