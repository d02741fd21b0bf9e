-- A change that was made before is not known. Events that were deleted on purpose have to be declared as purged first, if
-- the rollups are to keep them: a bucket is counted again as a whole.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.follow_changes(source regclass)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if not exists (select from rollup_internal.rollups r where r.source = source) then
        raise exception using
            errcode = 'undefined_object',
            message = format('%s is not the source of a rollup', source),
            hint = 'Declare a rollup of it first: rollup.create_rollup.';
    elsif (select c.relispartition from pg_class c where c.oid = source) then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is a partition: statements that name %s would go unnoticed', source, pg_partition_root(source)),
            hint = 'Note its changes yourself: rollup.note_changes.';
    end if;
    insert into rollup_internal.followed_sources (source) values (source) on conflict on constraint followed_sources_pkey do nothing;
    perform rollup_internal.collect_changes(waits => true);  -- makes the nodes ready
    perform rollup_internal.create_change_triggers(source);
    return format('rollups of %s follow its updates and deletes', source);
end
$$;
comment on function rollup.follow_changes(regclass) is
    'Lets rollups of a source follow updates, deletes and truncations: statement triggers note which tenants and times have '
    'changed, and jobs (rollup.run_all, rollupctl rollup) count those buckets again before they count new events. Inserts are '
    'not affected. Repeating it completes missing triggers. Events that were deleted before are not noted, but buckets are counted again as '
    'a whole: declare such ranges first (rollup.declare_purged). Raises lock_not_available when the table is in use for '
    'rollup.max_wait.';
reset citus.enable_ddl_propagation;
