create or replace function rollup.drop_rollup(rollup_name text, drop_table boolean default false)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
begin
    -- A run in progress would leave its watermark to the next rollup of this name.
    perform rollup_internal.wait_for_run_lock(rollup_name);
    delete from rollup_internal.rollups where name = rollup_name returning * into r;
    if not found then
        return format('there is no rollup %I', rollup_name);
    end if;
    delete from rollup_internal.watermarks where rollup = rollup_name;
    delete from rollup_internal.backlogs where rollup = rollup_name;
    delete from rollup_internal.set_aside where rollup = rollup_name;
    perform rollup_internal.refresh_tails(array[rollup_name]);
    delete from rollup_internal.added_measures where rollup = rollup_name;
    delete from rollup_internal.runs where rollup = rollup_name;
    delete from rollup_internal.run_totals where rollup = rollup_name;
    delete from rollup_internal.changed_buckets where rollup = rollup_name;
    delete from rollup_internal.correction_totals where rollup = rollup_name;
    delete from rollup_internal.sample_checks where rollup = rollup_name;
    delete from rollup_internal.changes c
     where c.source = r.source and not exists (select from rollup_internal.rollups x where x.source = c.source);
    perform rollup.unfollow_changes(r.source) where not exists (select from rollup_internal.rollups x where x.source = r.source)
        and exists (select from rollup_internal.followed_sources f where f.source = r.source);
    perform rollup_internal.create_change_triggers(r.source);  -- their arguments are those of the others now
    delete from rollup_internal.expiries where relation = r.target;
    perform rollup_internal.drop_generated_function(r.function_name);
    perform rollup_internal.drop_views(r.target);
    perform rollup_internal.sync_family(r.family);
    if drop_table then
        execute format('drop table if exists %s', r.target);
        return format('rollup %I is gone, and its table', rollup_name);
    end if;
    return format('rollup %I is gone; its table %s stays', rollup_name, r.target);
end
$$;
comment on function rollup.drop_rollup(text, boolean) is
    'Removes a rollup''s declaration and watermark. Its table stays unless drop_table. Raises lock_not_available '
    'when a run takes longer than rollup.max_wait.';
