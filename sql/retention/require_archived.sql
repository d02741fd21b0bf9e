-- Events that arrived after the archive was written would be lost.
create or replace function rollup_internal.require_archived(source regclass, partition regclass, conditions text, archived jsonb)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    found_rows bigint;
    found_ids numeric;
begin
    if archived is null then
        return;
    end if;
    execute format('select count(*), coalesce(sum(%I), 0) from %s where %s',
                   rollup_internal.loaded_id_column(source), partition, conditions)
       into found_rows, found_ids;
    if (found_rows, found_ids) is distinct from ((archived ->> 'rows')::bigint, (archived ->> 'ids')::numeric) then
        raise exception using
            errcode = 'object_in_use',
            message = format('events of %s have changed since it was archived', partition);
    end if;
end
$$;
comment on function rollup_internal.require_archived(regclass, regclass, text, jsonb) is
    'Raises object_in_use if the rows of a partition are not those that were archived, by number and '
    'sum of ids.';
