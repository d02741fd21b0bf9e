-- A key that is too long for the index of a target, such as a URL, is the most frequent reason why an event cannot be
-- counted. Such events are found by one query, rather than by a search that counts parts of the range again and again. An
-- index stores at most 2,704 bytes for a row, after compression, so not each event that is found fails. If the key of some
-- event cannot be evaluated, or long keys are frequent, none are returned.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.events_of_long_keys(r rollup_internal.rollups, conditions text[])
    returns bigint[]
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    most constant int := 1000;
    -- Written before the block that catches its errors: see failing_event.sql.
    statement constant text := rollup_internal.fill_template(
        $query$select array_agg(x.id order by x.id) from (
            select {id} as id from {source} where {conditions} limit {most} + 1) x$query$,
        jsonb_build_object(
            'id', quote_ident(r.id_column),
            'source', r.source,
            'most', most,
            'conditions', rollup_internal.all_of(conditions || (
                select format('%s > 2000', string_agg(format('coalesce(pg_column_size(%s), 0)', c.expression), ' + '))
                  from rollup_internal.target_columns(r) c where c.role <> 'measure'))));
    found bigint[];
begin
    execute statement into found;
    return case when cardinality(found) <= most then found else '{}' end;
exception
    when query_canceled then
        raise;
    when others or assert_failure then
        return '{}';
end
$$;
comment on function rollup_internal.events_of_long_keys(rollup_internal.rollups, text[]) is
    'The ids of events that meet conditions, at most 1,000, whose keys may be too long for the index of a target.';
reset citus.enable_ddl_propagation;
