-- The arguments are a width in seconds, then tenant, time and id columns: one set for each way in which rollups of the
-- source name them. Events are grouped by tenant and time, so that a statement that changes a million events of one tenant and
-- hour notes one row. Nothing here may fail because of a value: times may be infinite, or as old as a timestamp can be.
--
-- Whether an event has been counted is not looked at. A run that counts it at this moment would not be seen, and neither
-- would it see the change. The ids are noted instead: what no run has counted by the time the change is visible will be
-- counted as it is then.
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
    source constant regclass := coalesce(pg_partition_root(tg_relid), tg_relid);
begin
    if current_setting('rollup.ignores_changes', true) = 'on' then
        return null;
    end if;
    if tg_op = 'TRUNCATE' then
        insert into rollup_internal.changes (source, emptied) values (source, tg_relid);
        return null;
    end if;
    for n in 1 .. tg_nargs - 1 by 3 loop
        -- A column was renamed, and runs fail until that is accepted. Writers go on.
        if (select count(*) from pg_attribute a
             where a.attrelid = tg_relid and a.attname in (tg_argv[n], tg_argv[n + 1], tg_argv[n + 2]))
           < (case tg_argv[n] when '' then 2 else 3 end) then
            insert into rollup_internal.changes (source) values (source);
            continue;
        end if;
        execute rollup_internal.fill_template(
            $text$insert into rollup_internal.changes (source, tenant, range_from, range_to, first_id, last_id)
select $1, c.tenant, min(c.at), max(c.at), min(c.id), max(c.id)
  from ({rows}) c
 where c.at is not null
 group by c.tenant, floor(date_part('epoch', c.at) / {width})$text$,
            jsonb_build_object(
                'rows', (select string_agg(rollup_internal.fill_template(
                                    'select {tenant}::text as tenant, {time} as at, {id} as id from {table}',
                                    jsonb_build_object('tenant', coalesce(quote_ident(nullif(tg_argv[n], '')), 'null'),
                                                       'time', quote_ident(tg_argv[n + 1]), 'id', quote_ident(tg_argv[n + 2]),
                                                       'table', t)), ' union all ')
                           from unnest(case tg_op when 'DELETE' then '{old_rows}' else '{old_rows,new_rows}' end::text[]) t),
                'width', tg_argv[0]))
          using source;
    end loop;
    return null;
end
$$;
comment on function rollup_internal.note_change() is
    'Notes the tenants and times of events that a statement has updated, deleted or truncated.';
