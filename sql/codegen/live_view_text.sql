-- The rows without events in the tail, unchanged, and the tail in groups, each merged with its row. Sketches are
-- built from the tail only, and merged only where both sides have one. Rows and tail are read in one statement,
-- with one snapshot: a run that commits meanwhile is visible to the next reader only.
--
-- The filter and the expressions of keys are evaluated for events of the tail only: others may have been set aside
-- because of them. PostgreSQL may move a reader's condition on a key below the join with the tail. The columns
-- of rollup_internal.tails are renamed to avoid clashes with columns of the source. Only columns that the rollup
-- needs are read, so that all others can be changed and dropped.
create or replace function rollup_internal.live_view_text(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    in_tail constant text := format('%1$I > "(after_id)" and %1$I <= "(through_id)"', r.id_column);
    tail constant text := rollup_internal.fill_template(
        '{source} join rollup_internal.tails as "(tail)" ("(rollup)", "(after_id)", "(through_id)")'
        ' on {in_tail}',
        jsonb_build_object('source', r.source, 'in_tail', in_tail));
    tail_conditions constant text[] := array_remove(
        array[format('"(rollup)" = %L', r.name),
              case when r.filter is not null then format('case when %s then %s end', in_tail, r.filter) end], null);
    columns text[];
    key_expressions text[];
    merged text[];
begin
    select array_agg(format('r.%I', c.column_name)),
           array_agg(rollup_internal.key_text(c.role, c.column_name, c.expression, in_tail)) filter (where c.role <> 'measure'),
           array_agg(case when c.role = 'measure' then rollup_internal.merge_text(c.merge, c.column_name, 'r', 't')
                          when not rollup_internal.equality_is_identity(r.source, c.expression, c.column_type) then
                               format('coalesce(r.%1$I, t.%1$I)', c.column_name)  -- as the row has it
                          else format('t.%I', c.column_name) end)
      into columns, key_expressions, merged
      from rollup_internal.target_columns(r) c;
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
  left join {target} r on {same_row}$text$,
        jsonb_build_object(
            'columns', array_to_string(columns, ', '),
            'target', r.target,
            'key_expressions', array_to_string(key_expressions, ', '),
            'tail', tail,
            'tail_condition', rollup_internal.all_of(tail_conditions),
            'same_row', rollup_internal.same_key_text(r, 'r', 't'),
            'merged', array_to_string(merged, E',\n       '),
            'groups', rollup_internal.aggregation_text(r, tail, tail_conditions, keys_if => in_tail, indent => 4)));
end
$$;
comment on function rollup_internal.live_view_text(text) is 'The query of a rollup''s live view.';
