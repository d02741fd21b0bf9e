create or replace function rollup_internal.begin_expiry(source regclass, older_than interval, dry_run boolean)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    cutoff constant timestamptz := now() - older_than;
    last_seen jsonb;
    parts jsonb;
begin
    if older_than is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'the age must be longer than zero, not NULL',
            hint = 'For example interval ''30 days''.';
    end if;
    perform rollup_internal.validate_age(older_than);
    perform rollup_internal.require_read_committed(
        format('events of %s cannot expire', source), 'Expire them at read committed.');
    perform rollup_internal.require_expirable(source);
    if not dry_run then
        perform rollup_internal.lock_expiry(source);
        -- The start of a partition must be known before it is dropped.
        perform rollup_internal.record_source_history(source);
        perform rollup_internal.record_expiry(source, '{}');
        perform rollup_internal.collect_changes(waits => true);
    end if;
    -- Before the events are counted: those that arrive in between are looked for once more.
    select jsonb_object_agg(r.name, rollup_internal.uncounted_condition(r.name, below_watermark => false)) into last_seen
      from rollup_internal.rollups r where r.source = begin_expiry.source;
    select coalesce(jsonb_agg(p), '[]') into parts from rollup_internal.expired_partitions(source, cutoff) p;
    return jsonb_build_object('cutoff', cutoff, 'last_seen', last_seen, 'parts', parts);
end
$$;
comment on function rollup_internal.begin_expiry(regclass, interval, boolean) is
    'What is older than an age in a source: the time before which it is, the parts '
    '(rollup_internal.expired_partitions), and conditions for events that arrive from now on.';
