-- An event that was counted may be changed afterwards so that counting it raises an error. The ids are halved until the
-- first such event is alone. If each event can be counted alone, their sum is at fault: the event that it fails with is
-- found among all ids up to some one. OFFSET 0 keeps conditions from being evaluated for events outside the range. A key that
-- is too long for the index fails only when it is written.
--
-- A block that catches errors of a statement has nothing before it. Functions that write statements have such blocks too, and
-- when a statement fails on two nodes at once, Citus 13 rolls only one of them back to a savepoint older than others that
-- were released since: the transaction is lost.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.failing_event(
    r rollup_internal.rollups, bounds tstzrange, tenant text, left_out bigint[], state text, said text)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    columns constant rollup_internal.target_column[] := rollup_internal.columns_of(r);
    conditions constant text[] := rollup_internal.counted_events_conditions(
        r, bounds, tenant, is_guarded => true);
    after_id bigint;
    through_id bigint;
    middle bigint;
    fails boolean;
    lowest bigint;
    candidate bigint;
    statement text;
    with_all_before boolean := false;
begin
    if not rollup_internal.is_fault_of_event(null, '', '', state, said) then
        return null;
    end if;
    execute format('select min(%1$I) - 1, max(%1$I) from %2$s', r.id_column, r.source) into after_id, through_id;
    lowest := after_id;
    middle := through_id;  -- all of them first
    while after_id < through_id loop
        statement := format('select count(counted) from (%s) counted', rollup_internal.aggregation_text(
            columns,
            rollup_internal.fill_template(
                '(select * from {source} where {id} > {after} and {id} <= {through} and {id} <> all ({left_out}::bigint[]) offset 0) e',
                jsonb_build_object('source', r.source, 'id', quote_ident(r.id_column), 'through', middle,
                                   'after', case when with_all_before then lowest else after_id end,
                                   'left_out', quote_literal(left_out))),
            conditions));
        begin
            execute statement;
            fails := false;
        exception when others or assert_failure then
            fails := true;
        end;
        if not fails and middle = through_id then
            exit when with_all_before or after_id = lowest;
            with_all_before := true;
            after_id := lowest;
            execute format('select max(%I) from %s', r.id_column, r.source) into through_id;
        elsif fails and middle = after_id + 1 then
            return middle;
        elsif fails then
            through_id := middle;
        else
            after_id := middle;
        end if;
        middle := after_id + greatest((through_id - after_id) / 2, 1);
    end loop;
    if state = '54000' then
        foreach candidate in array rollup_internal.events_of_long_keys(r, conditions) loop
            statement := rollup_internal.insert_select_text(r, conditions || format('%I = %s', r.id_column, candidate));
            begin
                execute statement;
                raise exception using errcode = 'RU001', message = 'what was only tried is rolled back';
            exception
                when program_limit_exceeded then
                    return candidate;
                when others then
                    null;
            end;
        end loop;
    end if;
    return null;
end
$$;
comment on function rollup_internal.failing_event(rollup_internal.rollups, tstzrange, text, bigint[], text, text) is
    'The first event that a rollup has counted but can no longer count, after an error in a range, except those left '
    'out; NULL if no single event is at fault.';
reset citus.enable_ddl_propagation;
