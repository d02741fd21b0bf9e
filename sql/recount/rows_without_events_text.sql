-- Keys are grouped as in verify, so that NULLs and the type's own equality match rows with events, and Citus counts on
-- the shards.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.rows_without_events_text(
    r rollup_internal.rollups, bounds tstzrange, tenant text, events_conditions text[])
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    keys text;
    expressions text;
begin
    select string_agg(quote_ident(c.column_name), ', '),
           string_agg(concat_ws(' as ', c.expression, nullif(quote_ident(c.column_name), c.expression)), ', ')
      into keys, expressions
      from rollup_internal.target_columns(r) c
     where c.role <> 'measure';
    return rollup_internal.fill_template(
        $text$select count(*)
  from (select {keys}
          from (select {keys}, false as "(is_raw)" from {target} where {rows_conditions}
                union all
                select distinct {expressions}, true from {source} where {events_conditions}) u
         group by {keys}
        having not bool_or("(is_raw)")) lost$text$,
        jsonb_build_object(
            'keys', keys,
            'expressions', expressions,
            'target', r.target,
            'source', r.source,
            'rows_conditions', rollup_internal.all_of(rollup_internal.rows_conditions(r, bounds, tenant)),
            'events_conditions', rollup_internal.all_of(events_conditions)));
end
$$;
comment on function rollup_internal.rows_without_events_text(rollup_internal.rollups, tstzrange, text, text[]) is
    'The query for the number of rows of a rollup, in a range of buckets, for which no event meets the given conditions.';
reset citus.enable_ddl_propagation;
