-- Rows that no event of the tail belongs to, as they are; and the tail by groups, each merged with
-- the row it belongs to. So sketches are made once, of the tail alone, and are united only where
-- both sides have one. Rows and tail are read in one statement, of one moment: a run that ends
-- meanwhile moves events from one to the other for the next reader.
-- The columns of rollup_internal.tails get names that no source has. Only columns that the rollup needs are
-- read, so that all others can be changed and dropped.
create or replace function rollup_internal.live_view_text(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
    tail text;
    names text[];
    aggregates text[];
    keys text[];
    key_expressions text[];
    merged text[];
    same_row text;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;
    select array_agg(quote_ident(c.column_name)),
           array_agg(c.expression || coalesce(' as ' || nullif(quote_ident(c.column_name), c.expression), '')),
           array_agg(quote_ident(c.column_name)) filter (where c.role <> 'measure'),
           array_agg(c.expression || coalesce(' as ' || nullif(quote_ident(c.column_name), c.expression), ''))
               filter (where c.role <> 'measure'),
           array_agg(case when c.role = 'measure'
                          then format(c.merge, 'r.' || quote_ident(c.column_name), 't.' || quote_ident(c.column_name), 'r', 't')
                          else format('t.%I', c.column_name) end),
           string_agg(format(case c.role when 'dimension' then 'r.%1$I is not distinct from t.%1$I'
                                         else 'r.%1$I = t.%1$I' end, c.column_name), ' and ')
               filter (where c.role <> 'measure')
      into names, aggregates, keys, key_expressions, merged, same_row
      from rollup_internal.target_columns(r) c;
    tail := format('%1$s join rollup_internal.tails as "(tail)" ("(rollup)", "(after_id)", "(through_id)")'
                   ' on %2$I > "(after_id)" and %2$I <= "(through_id)" where "(rollup)" = %3$L%4$s',
                   r.source, r.id_column, r.name, ' and (' || r.filter || ')');

    return format($text$create or replace view %1$s as
    select %2$s
      from %3$s r
     where not exists (
           select from (
        select %4$s
          from %5$s) t
            where %6$s)
    union all
    select %7$s
      from (
        select %8$s
          from %5$s
         group by %9$s) t
      left join %3$s r on %6$s$text$,
        rollup_internal.view_name(r.target, 'live'),
        (select string_agg('r.' || n, ', ' order by o) from unnest(names) with ordinality x (n, o)),
        r.target,
        array_to_string(key_expressions, ', '),
        tail,
        same_row,
        array_to_string(merged, E',\n           '),
        array_to_string(aggregates, E',\n               '),
        (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n));
end
$$;
comment on function rollup_internal.live_view_text(text) is
    'The statement that creates a rollup''s live view.';
