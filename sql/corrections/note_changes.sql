-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.note_changes(
    source regclass, tenant text, range_from timestamptz default null, range_to timestamptz default null)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if not exists (select from rollup_internal.rollups r where r.source = source) then
        raise exception using
            errcode = 'undefined_object',
            message = format('%s is not the source of a rollup', source);
    elsif range_from >= range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the range must end after it begins, not from %s to %s', range_from, range_to);
    end if;
    -- The range excludes its end, and notes include theirs.
    insert into rollup_internal.changes (source, tenant, range_from, range_to)
    select distinct source, note_changes.tenant, range_from,
           case when isfinite(range_to) then range_to - interval '1 microsecond' else range_to end;
end
$$;
comment on function rollup.note_changes(regclass, text, timestamptz, timestamptz) is
    'Notes that events of a tenant (NULL for all), from a time on up to another one, have changed, so that the next job counts '
    'their buckets again. For sources whose changes are not followed: call it in the transaction that changes them.';
reset citus.enable_ddl_propagation;
