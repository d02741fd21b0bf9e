-- The rows without events in the tail, unchanged, and the tail in groups, each merged with its row. Sketches are
-- built from the tail only, and merged only where both sides have one. Rows and tail are read in one statement,
-- with one snapshot: a run that commits meanwhile is visible to the next reader only.
--
-- A condition on the bucket reaches the groups, but not the rows that are joined with them. LATERAL with OFFSET looks
-- each row up by the key instead; the planner would often read all rows of a tenant, because it overestimates the
-- tail. A tenant that may be NULL cannot be looked up.
--
-- The tail lies between its first and last id, which are constants for the planner: it assumes a two-hundredth of the
-- events, and a ninth for the same bounds in a join. Ranges have gaps between them while a backlog is counted, where
-- each event is looked up. Citus evaluates constants beforehand, with a snapshot of its own, and pushes down no
-- OFFSET. There the tail is joined.
--
-- The filter and the expressions of keys are evaluated for events of the tail only: others may have been set aside
-- because of them. PostgreSQL may move a reader's condition on a key below the join with the tail. The columns
-- of rollup_internal.tails are renamed to avoid clashes with columns of the source. Only columns that the rollup
-- needs are read, so that all others can be changed and dropped.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.live_view_text(r rollup_internal.rollups, columns rollup_internal.target_column[])
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_distributed constant boolean := rollup_internal.is_distributed(r.source);
    tail constant text := case when is_distributed then format(
            '%s join rollup_internal.tails as "(tail)" ("(rollup)", "(after_id)", "(through_id)")'
            ' on %I > "(after_id)" and %2$I <= "(through_id)"', r.source, r.id_column)
        else r.source::text end;
    in_tail constant text := case when is_distributed then format('%1$I > "(after_id)" and %1$I <= "(through_id)"', r.id_column)
        else rollup_internal.fill_template(
            $text$({id} > (select min("(after_id)") from {tails}) and {id} <= (select max("(through_id)") from {tails})
and case when {id} > (select max("(after_id)") from {tails}) then true
    else (select range_agg(int8range("(after_id)", nullif("(through_id)", 9223372036854775807), '(]')) from {tails}) @> {id} end)$text$,
            jsonb_build_object(
                'id', quote_ident(r.id_column),
                'tails', format('rollup_internal.tails as "(tail)" ("(rollup)", "(after_id)", "(through_id)") where "(rollup)" = %L',
                                r.name))) end;
    tail_conditions constant text[] := array_remove(
        array[case when is_distributed then format('"(rollup)" = %L', r.name) else in_tail end,
              case when r.filter is not null then format('case when %s then %s end', in_tail, r.filter) end], null);
    is_looked_up constant boolean := not is_distributed and not exists (
        select from pg_attribute a where a.attrelid = r.target and a.attname = r.tenant and not a.attnotnull);
    same_row constant text := rollup_internal.same_key_text(r, columns, 'r', 't');
    of_rows text[];
    key_expressions text[];
    merged text[];
begin
    select array_agg(format('r.%I', c.column_name)),
           array_agg(rollup_internal.key_text(c.role, c.column_name, c.expression, in_tail)) filter (where c.role <> 'measure'),
           array_agg(case when c.role = 'measure' then rollup_internal.merge_text(c.merge, c.column_name, 'r', 't')
                          when not rollup_internal.equality_is_identity(r.source, c.expression, c.column_type) then
                               format('coalesce(r.%1$I, t.%1$I)', c.column_name)  -- as the row has it
                          else format('t.%I', c.column_name) end)
      into of_rows, key_expressions, merged
      from unnest(columns) c;
    return rollup_internal.fill_template(
        $text$select {columns}
  from {target} r
 where not exists (
       select from (
           select {key_expressions}
             from {tail}
            where {tail_condition}) t
        where {same_row})
union all
select {merged}
  from (
    {groups}) t
  left join {row}$text$,
        jsonb_build_object(
            'columns', array_to_string(of_rows, ', '),
            'target', r.target,
            'key_expressions', array_to_string(key_expressions, ', '),
            'tail', tail,
            'tail_condition', rollup_internal.all_of(tail_conditions),
            'same_row', same_row,
            'merged', array_to_string(merged, E',\n       '),
            'groups', rollup_internal.aggregation_text(columns, tail, tail_conditions, indent => 4, is_tail => true, keys_if => in_tail),
            'row', rollup_internal.fill_template(
                case when is_looked_up then 'lateral (select {columns} from {target} r where {same_row} offset 0) r on true'
                     else '{target} r on {same_row}' end,
                jsonb_build_object('target', r.target, 'same_row', same_row)
                || case when is_looked_up then jsonb_build_object('columns', array_to_string(of_rows, ', ')) else '{}' end)));
end
$$;
comment on function rollup_internal.live_view_text(rollup_internal.rollups, rollup_internal.target_column[]) is 'The query of a rollup''s live view.';
reset citus.enable_ddl_propagation;
