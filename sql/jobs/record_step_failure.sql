-- If a failure cannot be recorded, because the role may not write the ledger or a node is down, the job continues
-- and a warning reports it.
create or replace function rollup_internal.record_step_failure(item jsonb, failure jsonb, started_at timestamptz)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    outcome constant text := case failure ->> 'sqlstate' when '55P03' then 'deferred' else 'failed' end;
    report jsonb := '[]';
    member text;
    relation regclass;
begin
    if item ->> 'do' = 'expire' then
        select x.relation into relation from rollup.retention x where x.kind = item ->> 'kind' and x.name = item ->> 'name';
        relation := coalesce((item ->> 'source')::oid::regclass, relation);
        begin
            perform rollup_internal.record_expiry(relation, array(
                select format('%s: %s', e ->> 'partition', e ->> 'reason')
                  from jsonb_array_elements(coalesce(item -> 'ended', '[]')) e
                 where e ->> 'reason' is not null) || (failure ->> 'message')) where relation is not null;
        exception when others then
            raise warning using message = format('that %s did not expire could not be recorded: %s', item ->> 'name', sqlerrm);
        end;
    end if;
    for member in
        select r.name from jsonb_array_elements_text(item -> 'rollups') m (name)
          join rollup_internal.rollups r using (name)
    loop
        report := report || rollup_internal.run_report(member, outcome, 0, 0);
        begin
            perform rollup_internal.record_failure(member, outcome, started_at, failure);
        exception when others then
            raise warning using
                message = format('that rollup %I %s could not be recorded: %s', member,
                                 case outcome when 'deferred' then 'was deferred' else 'failed' end, sqlerrm);
        end;
    end loop;
    return report;
end
$$;
comment on function rollup_internal.record_step_failure(jsonb, jsonb, timestamptz) is
    'Records a failed or deferred step in the ledger, once for each of its rollups, and returns its report.';
