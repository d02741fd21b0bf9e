-- A check that fails, for lack of a privilege or because a Citus node is down or a table is gone, does not keep the
-- others from being reported; nor does a lock on one of the tables, for which no check waits, nor a node that accepts
-- connections and does not answer.
create or replace function rollup.doctor(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set lock_timeout = '100ms'
as $$
declare
    query text;
    hint text;
    reports constant jsonb := rollup_internal.node_reports();
    -- Not a SET clause, which only a superuser may write where the setting is unknown.
    timeout_before constant text := current_setting('citus.node_connection_timeout', true);
begin
    if timeout_before is not null then
        perform set_config('citus.node_connection_timeout', '500', true);
    end if;
    foreach query in array array[
        'select * from rollup_internal.check_extensions()',
        'select * from rollup_internal.check_nodes($1)',
        'select * from rollup_internal.check_sources($1)',
        'select * from rollup_internal.check_targets()',
        'select * from rollup_internal.check_partitions()',
        'select * from rollup_internal.check_retention()',
        'select * from rollup_internal.check_isolation()',
        'select * from rollup_internal.check_measures()',
        'select * from rollup_internal.check_set_aside()',
        'select * from rollup_internal.check_corrections()',
        'select * from rollup_internal.check_sample_results()',
        'select * from rollup_internal.check_prepared_transactions($1)',
        'select * from rollup_internal.check_schedule()',
        'select * from rollup_internal.check_lag($1)']
        || array(select format('select * from %s()', p.oid::regproc) from pg_proc p
                  where p.pronamespace = to_regnamespace('rollup_analytics_internal') and p.proname ~ '^check_'
                  order by p.proname)
    loop
        begin
            return query execute query using reports;
        exception when others then
            get stacked diagnostics finding = message_text, hint = pg_exception_hint;
            check_name := translate(substring(query from 'check_([a-z_]+)'), '_', ' ');
            status := 'warn';
            finding := format('not checked: %s', finding);
            todo := coalesce(nullif(hint, ''), case
                when sqlstate = '42501' then format('grant select on it to %I, or check as the owner', current_user)
                when sqlstate = '55P03' then 'check again when the table is no longer locked'
                when sqlstate like '08%' then 'check again when the node answers'
                else 'correct what the finding names, and check again' end);
            return next;
        end;
    end loop;
    if timeout_before is not null then
        perform set_config('citus.node_connection_timeout', timeout_before, true);
    end if;
end
$$;
comment on function rollup.doctor() is
    'One row for each check: its name, ok, warn or fail, the finding, and the command that repairs it.';
