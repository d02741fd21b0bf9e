-- Old code must not be installed over a newer database, because its functions do not support the newer tables.
do $$
declare
    installed constant regclass := coalesce(pg_catalog.to_regclass('rollup_internal.migrations'),
                                            pg_catalog.to_regclass('rollup.migrations'));
    newest text;
begin
    if installed is null then
        return;
    end if;
    execute pg_catalog.format(
        $query$select version from %s order by pg_catalog.string_to_array(version, '.')::int[] desc limit 1$query$,
        installed) into newest;
    if pg_catalog.string_to_array(newest, '.')::int[] > pg_catalog.string_to_array(rollup.version(), '.')::int[] then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = pg_catalog.format('this database has rollup %s, newer than %s, which is being installed',
                                        newest, rollup.version()),
            hint = 'Install with the newer package.';
    end if;
end
$$;
