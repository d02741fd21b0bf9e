create or replace function rollup.declare_purged(source regclass, range_from timestamptz, range_to timestamptz)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not range_from < range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a purged range ends after it begins, not from %s to %s', range_from, range_to);
    end if;
    update rollup_internal.sources s
       set purged = s.purged + tstzmultirange(tstzrange(range_from, range_to))
     where s.source = declare_purged.source;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('%s is not the source of a rollup', source);
    end if;
end
$$;
comment on function rollup.declare_purged(regclass, timestamptz, timestamptz) is
    'Declares that raw events of a time range have been removed on purpose. Rollups keep their rows for that '
    'range: verify does not compare them, and rebuild and repair do not change them. See rollup.missing_ranges.';
