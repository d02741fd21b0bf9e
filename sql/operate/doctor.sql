-- A check that fails, for lack of a privilege or because a Citus node is down or a table is gone, does not keep the
-- others from being reported.
create or replace function rollup.doctor(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    query text;
    hint text;
begin
    foreach query in array array[
        'select * from rollup_internal.check_extensions()',
        'select * from rollup_internal.check_nodes()',
        'select * from rollup_internal.check_sources()',
        'select * from rollup_internal.check_targets()',
        'select * from rollup_internal.check_partitions()',
        'select * from rollup_internal.check_retention()',
        'select * from rollup_internal.check_measures()',
        'select * from rollup_internal.check_set_aside()',
        'select * from rollup_internal.check_prepared_transactions()',
        'select * from rollup_internal.check_schedule()',
        'select * from rollup_internal.check_lag()']
    loop
        begin
            return query execute query;
        exception when others then
            get stacked diagnostics finding = message_text, hint = pg_exception_hint;
            check_name := translate(substring(query from 'check_([a-z_]+)'), '_', ' ');
            status := 'warn';
            finding := format('not checked: %s', finding);
            todo := coalesce(nullif(hint, ''), case
                when sqlstate = '42501' then format('grant select on it to %I, or check as the owner', current_user)
                when sqlstate like '08%' then 'check again when the node answers'
                else 'correct what the finding names, and check again' end);
            return next;
        end;
    end loop;
end
$$;
comment on function rollup.doctor() is
    'One row for each check: its name, ok, warn or fail, the finding, and the command that repairs it.';
