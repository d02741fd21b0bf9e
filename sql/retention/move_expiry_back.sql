-- Restoring expired rows requires a longer retention first. The restored range must reach up to the existing rows,
-- because one timestamp per rollup marks where complete data begins.
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.move_expiry_back(r rollup_internal.rollups, bounds tstzrange, tenant text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    kept_from constant timestamptz := rollup_internal.retention_cutoff(r);
begin
    if tenant is null
       and (upper(bounds) is null or upper(bounds) >= r.expired_before)
       and (kept_from is null or lower(bounds) >= kept_from)
    then
        update rollup_internal.rollups x set expired_before = lower(bounds) where x.name = r.name;
        return;
    end if;
    raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = format('rows of rollup %I before %s have expired', r.name, r.expired_before),
        hint = format('Nothing was changed. Rebuild from %s on. To restore older rows, lengthen the retention '
                      '(rollup.set_retention) and rebuild a range that ends there or later, for all tenants.',
                      r.expired_before);
end
$$;
comment on function rollup_internal.move_expiry_back(rollup_internal.rollups, tstzrange, text) is
    'Lets rollup.rebuild count expired rows again if the current retention covers them; otherwise raises '
    'object_not_in_prerequisite_state.';
reset citus.enable_ddl_propagation;
