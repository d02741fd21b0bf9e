-- Volatile, because it must see the effects of a run called in the same statement.
create or replace function rollup_internal.run_report(rollup_name text, status text, events bigint, rows bigint)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    report constant jsonb := jsonb_build_object(
        'rollup', rollup_name, 'status', status, 'events', events, 'rows', rows);
    progress record;
begin
    select * into progress from rollup_internal.backlog_progress(rollup_name);
    if progress.ids_left > 0 then
        return report || jsonb_build_object('backlog_ids', progress.ids_left, 'filled_percent', progress.filled_percent);
    end if;
    return report;
end
$$;
comment on function rollup_internal.run_report(text, text, bigint, bigint) is
    'The report of a step for one rollup, including the progress of its backlog, if any.';
