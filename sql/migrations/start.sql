-- Old code must not run over a newer database: its functions would not know the newer tables.
do $$
declare
    newest text;
begin
    select version into newest
      from rollup.migrations
     order by pg_catalog.string_to_array(version, '.')::int[] desc
     limit 1;
    if pg_catalog.string_to_array(newest, '.')::int[]
       > pg_catalog.string_to_array(rollup.version(), '.')::int[]
    then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = pg_catalog.format('this database has rollup %s, newer than %s, which is being installed',
                             newest, rollup.version()),
            hint = 'Install with the newer package.';
    end if;
end
$$;
