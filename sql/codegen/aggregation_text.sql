-- The aggregation of events, the same for new events, for events that are counted again, and for live views.
create or replace function rollup_internal.aggregation_text(
    columns rollup_internal.target_column[], from_text text, conditions text[],
    more_columns text[] default '{}', more_keys int default 0, indent int default 0, is_tail boolean default false,
    keys_if text default null)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    selected text[];
    keys int[];
begin
    select array_agg(rollup_internal.key_text(c.role, c.column_name, x.expression, keys_if) order by c.ordinality),
           array_agg(c.ordinality order by c.ordinality) filter (where c.role <> 'measure')
      into selected, keys
      from unnest(columns) with ordinality c
     cross join lateral (select case when is_tail and c.role = 'measure' then c.of_few else c.expression end) x (expression);
    return rollup_internal.grouped_select_text(
        selected || more_columns, from_text, conditions,
        keys || array(select cardinality(selected) + n from generate_series(1, more_keys) n), indent);
end
$$;
comment on function rollup_internal.aggregation_text(rollup_internal.target_column[], text, text[], text[], int, int, boolean, text) is
    'The query that aggregates events into rows of a rollup: its columns and additional ones, the first '
    'more_keys of which are grouping keys. Expressions of keys are evaluated only where keys_if, if given, is true.';
