-- Retention and the maintenance of partitions delete rows of the default partition only. The other partitions are the
-- users'.
create or replace function rollup_internal.identify_default_partition(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    default_partition constant regclass := rollup_internal.unidentified_default_partition(source);
    problem text;
begin
    if default_partition is null then
        return;
    end if;
    perform rollup_internal.lock_with_retries(default_partition);
    perform rollup_internal.set_replica_identity(default_partition);
exception when lock_not_available or insufficient_privilege or wrong_object_type then
    get stacked diagnostics problem = message_text;
    raise warning using
        message = format('events of %s cannot expire: deletes are published, and it has no replica identity (%s)',
                         default_partition, problem),
        hint = format('alter table %s replica identity full', default_partition);
end
$$;
comment on function rollup_internal.identify_default_partition(regclass) is
    'Sets a replica identity for the default partition of a source if its deletes are published and it has none; a '
    'warning if that is not possible.';
