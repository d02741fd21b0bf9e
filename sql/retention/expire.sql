-- Raw events are dropped only when every rollup has counted all of them. This is checked twice: before anything is
-- locked, and for events that have arrived since then again under the lock, when no more can arrive
-- (drop_partitions). Events of the same age in the default partition, where back-dated events are stored, are
-- subject to the same rule. If a rollup is behind, nothing is dropped: it has to be run first. Anything else, such as a
-- view on a partition or an event that was set aside, keeps its own partition only. That is an error if nothing could be
-- removed, because an error would undo what was.
--
-- (Citus passes times to its workers in the session's DateStyle, where 5 June with the day first would be read as
-- 6 May. DateStyle is therefore fixed here and wherever times are passed to shards.)
create or replace function rollup.expire(
    source regclass, older_than interval, dry_run boolean default false,
    out partition text, out range_from timestamptz, out range_to timestamptz,
    out events bigint, out bytes bigint, out action text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    look constant jsonb := rollup_internal.begin_expiry(source, older_than, dry_run);
    parts jsonb[] := array(select p from jsonb_array_elements(look -> 'parts') p);
begin
    if not dry_run then
        perform rollup_internal.require_counted(parts, older_than);
        parts := array(select p from rollup_internal.expire_partitions(
                           source, (look ->> 'cutoff')::timestamptz, parts, look -> 'last_seen') p);
        perform rollup_internal.require_counted(parts, older_than);
        perform rollup_internal.end_expiry(source, (look ->> 'cutoff')::timestamptz, parts);
    end if;
    return query
        select p ->> 'partition', (p ->> 'range_from')::timestamptz, (p ->> 'range_to')::timestamptz,
               (p ->> 'events')::bigint, (p ->> 'bytes')::bigint,
               case when not dry_run then p ->> 'action'
                    when p -> 'reason' <> 'null' then concat('kept: ', p ->> 'reason')
                    when (p ->> 'is_default')::boolean then 'would delete rows' else 'would drop' end
          from unnest(parts) with ordinality x (p, position)
         order by position;
end
$$;
comment on function rollup.expire(regclass, interval, boolean) is
    'Drops the partitions of a source whose events are all older than an age, and such events of its default '
    'partition, provided every rollup has counted them; otherwise drops nothing and raises '
    'object_not_in_prerequisite_state. A partition that must stay for another reason (an event that was set aside, an '
    'object that depends on it, its owner, a session that uses it) is returned with the action kept and the reason; the '
    'others go, and it is an error only if nothing could be removed. Raises lock_not_available when everything was in '
    'use for rollup.max_wait. With dry_run, only lists them. All of it is one transaction; rollup.expire_all and '
    '`rollupctl expire` commit after each partition.';
