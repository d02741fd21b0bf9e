-- Returns what the user should confirm before it is removed: a mistake in a retention shows at its first expiry,
-- or at the first one after it was shortened. The scheduled job does not ask, because it was scheduled on purpose.
create or replace function rollup_internal.unusual_expiry(relation regclass, age interval)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
as $$
#variable_conflict use_variable
declare
    cutoff constant timestamptz := now() - age;
    expired_before timestamptz := coalesce(
        (select s.expired_before from rollup_internal.sources s where s.source = relation),
        (select r.expired_before from rollup_internal.rollups r where r.target = relation));
begin
    return case
        when exists (select from rollup.event_keys k where k.keys = relation)
            then null
        when expired_before is null
            then format('nothing of %s has expired before', relation)
        when cutoff - expired_before > age
            then format('%s of %s would expire at once, which is more than the %s it is to be kept',
                        justify_hours(date_trunc('minute', cutoff - expired_before)), relation, age) end;
end
$$;
comment on function rollup_internal.unusual_expiry(regclass, interval) is
    'Why a user should confirm the removal of everything older than an age from a source or a rollup: it is the '
    'first removal, or it covers a longer time than the age itself. NULL if there is no reason, as for event keys.';
