-- Only records the retention; the next rollup.expire_all removes what is older. A longer retention does not
-- restore anything by itself.
create or replace function rollup.set_retention(name text, keep interval, keys boolean default false)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    kept constant text := case when keep is null then 'everything' else keep::text end;
    bucket interval;
    source regclass;
    key_table regclass;
begin
    select r.bucket into bucket from rollup_internal.rollups r where r.name = set_retention.name and not keys;
    if found then
        update rollup_internal.rollups r
           set keep = rollup_internal.validate_retention(set_retention.keep, bucket)
         where r.name = set_retention.name;
        return format('rollup %I keeps %s', name, kept);
    end if;

    source := rollup_internal.find_source(name);
    if keys then
        key_table := rollup_internal.create_key_table(source);
        update rollup_internal.event_keys k
           set keep = rollup_internal.validate_retention(set_retention.keep)
         where k.source = source;
        return format('%s keeps %s', key_table, kept);
    end if;
    if keep is not null then
        perform rollup_internal.require_expirable(source);
    end if;
    perform rollup_internal.record_source_history(source);
    update rollup_internal.sources s
       set keep = rollup_internal.validate_retention(set_retention.keep)
     where s.source = source;
    return format('%s keeps %s', source, kept);
end
$$;
comment on function rollup.set_retention(text, interval, boolean) is
    'Sets how long a rollup''s rows, or a source''s events, are kept; NULL for no limit. Enforced by '
    'rollup.expire_all, which rollup.schedule makes a pg_cron job. If a rollup and a source have the same name, '
    'the rollup is meant. With keys, sets how long the keys of a source''s events are kept, by which loaders recognize '
    'events that they get again, and creates the table for them beside the source.';
