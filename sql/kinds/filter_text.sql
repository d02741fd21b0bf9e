create or replace function rollup_internal.filter_text(m rollup_internal.measure, condition text default null)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when condition is null then coalesce(' filter (where ' || m.condition || ')', '')
        else format(' filter (where %s%s)', condition, ' and (' || m.condition || ')') end;
end
$$;
comment on function rollup_internal.filter_text(rollup_internal.measure, text) is
    'The FILTER clause for the events of a measure: they meet its own condition and that of its kind.';
