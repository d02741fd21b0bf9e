-- The arguments are the table of the notes, and sets of four: the tenant, time and id columns that a rollup names, and the
-- statement that notes them. Whether an event has been counted is not looked at. A run that counts it at this moment would
-- not be seen, and neither would it see the change. The ids are noted instead: what no run has counted by the time the
-- change is visible will be counted as it is then.
--
-- It runs with the rights of its owner: a role that may change events needs no privilege on the notes. The text of a tenant
-- depends on the settings, which are those of counting.
create or replace function rollup_internal.note_change()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
    set extra_float_digits = 1
    set bytea_output = hex
as $$
declare
    source regclass := coalesce(pg_partition_root(tg_relid), tg_relid);
begin
    if current_setting('rollup.ignores_changes', true) = 'on' then
        return null;
    end if;
    -- On Citus each node notes the changes of its shards; one that was added later, and no job has asked yet, lacks the table.
    if tg_argv[0] = 'shard_changes' then
        perform rollup_internal.create_shard_changes();
        if not exists (select from pg_dist_partition p where p.logicalrelid = tg_relid) then
            -- A shard that Citus has moved has this trigger too, but the truncation is noted for the table itself.
            if tg_op = 'TRUNCATE' then
                return null;
            end if;
            -- The shard may be gone when the note is collected: moved, or divided.
            source := coalesce((select s.logicalrelid
                                  from pg_class c
                                  join pg_dist_shard s on s.shardid = substring(c.relname from '_([0-9]+)$')::bigint
                                 where c.oid = source), source);
        end if;
    end if;
    if tg_op = 'TRUNCATE' then
        execute format('insert into rollup_internal.%I (source, emptied) values ($1, $2)', tg_argv[0]) using source, tg_relid;
        return null;
    end if;
    for n in 1 .. tg_nargs - 1 by 4 loop
        if (select count(*) from pg_attribute a
             where a.attrelid = tg_relid and a.attname in (tg_argv[n], tg_argv[n + 1], tg_argv[n + 2]))
           < (case tg_argv[n] when '' then 2 else 3 end) then
            -- A column was renamed, and runs fail until that is accepted. Writers go on.
            execute format('insert into rollup_internal.%I (source) values ($1)', tg_argv[0]) using source;
        else
            execute tg_argv[n + 3] using source;
        end if;
    end loop;
    return null;
end
$$;
comment on function rollup_internal.note_change() is
    'Notes the tenants and times of events that a statement has updated, deleted or truncated.';
