-- The service calls functions of the package, which must be there first.
do $$
begin
    if pg_catalog.to_regclass('rollup_internal.rollups') is null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = 'the HTTP service needs the rollup package, which is not in this database',
            hint = E'Run \\i setup_rollup.sql, or rollupctl install, first.';
    end if;
end
$$;
