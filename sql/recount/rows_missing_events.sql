-- A row has lost events if none is left, or if a column that counts events would become smaller. Other measures do not
-- show it: a sum may become smaller or larger.
--
-- Keys are grouped as in verify, so that NULLs and the type's own equality match rows with events, and Citus counts on
-- the shards.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.rows_missing_events(
    r rollup_internal.rollups, bounds tstzrange, tenant text, events_conditions text[])
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    keys text;
    expressions text;
    counts text;
    count_expressions text;
    losses text;
    found_rows bigint;
begin
    select string_agg(quote_ident(c.column_name), ', ') filter (where c.role <> 'measure'),
           string_agg(concat_ws(' as ', c.expression, nullif(quote_ident(c.column_name), c.expression)), ', ')
               filter (where c.role <> 'measure'),
           string_agg(', ' || quote_ident(c.column_name), '') filter (where x.is_count),
           string_agg(', ' || c.expression, '') filter (where x.is_count),
           string_agg(format(' or max(%1$I) filter (where "(is_raw)") < max(%1$I) filter (where not "(is_raw)")', c.column_name), '')
               filter (where x.is_count)
      into keys, expressions, counts, count_expressions, losses
      from rollup_internal.target_columns(r) c
     cross join lateral (select c.role = 'measure' and starts_with(c.expression, 'count(') as is_count) x;
    execute rollup_internal.fill_template(
        $text$select count(*)
  from (select {keys}
          from (select {keys}, false as "(is_raw)"{counts} from {target} where {rows_conditions}
                union all
                select {expressions}, true{count_expressions} from {source} where {events_conditions} group by {places}) u
         group by {keys}
        having not bool_or("(is_raw)"){losses}) lost$text$,
        jsonb_build_object(
            'keys', keys,
            'expressions', expressions,
            'counts', coalesce(counts, ''),
            'count_expressions', coalesce(count_expressions, ''),
            'losses', coalesce(losses, ''),
            'places', (select string_agg(n::text, ', ' order by n)
                         from rollup_internal.target_columns(r) with ordinality
                              c (role, column_name, column_type, expression, merge, combine, differs, display, measure, shown, tolerance, n)
                        where c.role <> 'measure'),
            'target', r.target,
            'source', r.source,
            'rows_conditions', rollup_internal.all_of(rollup_internal.rows_conditions(r, bounds, tenant)),
            'events_conditions', rollup_internal.all_of(events_conditions)))
       into found_rows;
    return found_rows;
end
$$;
comment on function rollup_internal.rows_missing_events(rollup_internal.rollups, tstzrange, text, text[]) is
    'The number of rows of a rollup, in a range of buckets, that have counted more events than meet the given '
    'conditions now.';
reset citus.enable_ddl_propagation;
