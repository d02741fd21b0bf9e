create or replace function rollup.doctor(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
begin
    return query select * from rollup_internal.check_extensions();
    return query select * from rollup_internal.check_sources();
    return query select * from rollup_internal.check_targets();
    return query select * from rollup_internal.check_partitions();
    return query select * from rollup_internal.check_retention();
    return query select * from rollup_internal.check_measures();
    return query select * from rollup_internal.check_set_aside();
    return query select * from rollup_internal.check_prepared_transactions();
    return query select * from rollup_internal.check_schedule();
    return query select * from rollup_internal.check_lag();
end
$$;
comment on function rollup.doctor() is
    'One row for each check: its name, ok, warn or fail, the finding, and the command that repairs it.';
