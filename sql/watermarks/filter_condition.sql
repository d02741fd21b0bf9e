-- The filter itself may raise an error for an event that was set aside, so it is not evaluated for such events.
-- CASE guarantees this order of evaluation; AND does not.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.filter_condition(r rollup_internal.rollups, of_set_aside boolean)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    set_aside constant bigint[] := array(select s.event_id from rollup_internal.set_aside s where s.rollup = r.name);
begin
    if r.filter is null or set_aside = '{}' then
        return '(' || r.filter || ')';
    end if;
    return rollup_internal.fill_template(
        'case when {id} = any ({set_aside}::bigint[]) then {answer} else ({filter}) end',
        jsonb_build_object('id', quote_ident(r.id_column), 'set_aside', quote_literal(set_aside),
                           'answer', of_set_aside, 'filter', r.filter));
end
$$;
comment on function rollup_internal.filter_condition(rollup_internal.rollups, boolean) is
    'A rollup''s filter as a condition, with a constant result for events that the rollup has set aside; NULL '
    'without a filter.';
reset citus.enable_ddl_propagation;
