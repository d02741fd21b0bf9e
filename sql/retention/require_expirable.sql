-- Rows of a rollup are kept when the events they count expire. If the partitions followed another time than the buckets,
-- rows would remain of which only some events exist, and verify and rebuild could not tell them from wrong ones.
create or replace function rollup_internal.require_expirable(source regclass)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    time_column constant name := rollup_internal.partition_column(source);
    r rollup_internal.rollups;
begin
    if time_column is null then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not partitioned by range of one timestamptz column', source),
            detail = coalesce(
                (select format('It is partitioned by %s.', pg_get_partkeydef(p.partrelid)) from pg_partitioned_table p where p.partrelid = source),
                (select format('It has tables that inherit from it, such as %s, which are not partitions.', i.inhrelid::regclass)
                   from pg_inherits i where i.inhparent = source limit 1),
                'It has no partitions.'),
            hint = 'Retention drops whole partitions and deletes rows of the default partition.';
    end if;
    select * into r from rollup_internal.rollups x
     where x.source = require_expirable.source and x.time_column <> rollup_internal.partition_column(require_expirable.source)
     order by x.id limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('%s is partitioned by %I, and rollup %I counts by %I', source, time_column, r.name, r.time_column),
            detail = 'Rows would remain of which only some events exist.',
            hint = format('Drop its partitions by hand, and state which times are gone: select rollup.declare_purged(%L, from, to)', source);
    end if;
end
$$;
comment on function rollup_internal.require_expirable(regclass) is
    'Raises wrong_object_type for a source that is not partitioned by time, and object_not_in_prerequisite_state if a '
    'rollup counts by another time than that of the partitions.';
