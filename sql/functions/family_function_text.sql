-- The function that counts for a whole family. The span a member has already counted is left out
-- for that member, so that members which were run alone, or added later, fall into step here.
create or replace function rollup.family_function_text(family_id bigint, batch regclass, function_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    lead rollup.rollups;
    r rollup.rollups;
    position int := 0;
    names text[];
    expressions text[];
    keys text[];
    measures text[];
    merges text[];
    combines text[];
    own_names text[];
    own_keys text[];
    own_bucket text;
    own_expressions text[];
    members text;
    feeds text := '';
begin
    select * into strict lead from rollup.rollups where family = family_id order by bucket, id limit 1;
    select string_agg(quote_literal(name), ', ' order by bucket, id) into members
      from rollup.rollups where family = family_id;
    select array_agg(quote_ident(column_name)),
           array_agg(expression),
           array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
           array_agg(quote_ident(column_name)) filter (where role = 'measure'),
           array_agg(merge) filter (where role = 'measure'),
           array_agg(format(combine, quote_ident(column_name))) filter (where role = 'measure')
      into names, expressions, keys, measures, merges, combines
      from rollup.target_columns(lead.source, lead.tenant, lead.time_column, lead.bucket,
                                 lead.bucket_column, lead.dimensions, lead.measures);

    for r in select * from rollup.rollups where family = family_id order by bucket, id loop
        position := position + 1;
        own_names := array_replace(names, quote_ident(lead.bucket_column), quote_ident(r.bucket_column));
        own_keys := array_replace(keys, quote_ident(lead.bucket_column), quote_ident(r.bucket_column));
        own_bucket := rollup.bucket_expression(r.bucket, quote_ident(lead.bucket_column));
        own_expressions := array_replace(keys, quote_ident(lead.bucket_column), own_bucket);
        feeds := feeds || format($text$
        if %1$L = any (span.rollups) then
            insert into %2$s as r (
                %3$s)
            %4$s
            %5$s;
            get diagnostics number = row_count;
            run.rows[%6$s] := run.rows[%6$s] + number;
            run.events[%6$s] := run.events[%6$s] + counted;
        end if;
$text$,
            r.name,
            r.target,
            array_to_string(own_names, ', '),
            case when r.bucket = lead.bucket
                then format(E'select\n                %s\n              from %s', array_to_string(names, ', '), batch)
                else format($text$select
                %1$s
              from (select %2$s, %3$s, count(*) over (partition by %4$s) = 1 as is_only_row
                      from %5$s) b
             group by %6$s$text$,
                    array_to_string(own_keys || combines, E',\n                '),
                    replace(array_to_string(own_expressions, ', '), own_bucket, own_bucket || ' as ' || quote_ident(r.bucket_column)),
                    array_to_string(measures, ', '),
                    array_to_string(own_expressions, ', '),
                    batch,
                    array_to_string(own_keys, ', ')) end,
            replace(rollup.upsert_text(own_keys, measures, merges), E'\n', E'\n    '),
            position);
    end loop;

    return format($text$create or replace function %1$s(
    max_events bigint default null)
    returns table (rollup text, status text, events bigint, rows bigint, more boolean)
    language plpgsql
    volatile%2$s
as %12$s
-- Counts new events of %13$s into %14$s in one pass.
-- Written by rollup.create_rollup from their declarations; change those, not this.
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array[%4$s], max_events);
    span rollup.span;
    number bigint;
    counted bigint;
begin
    foreach span in array run.spans loop
        insert into %5$s (
            %6$s)
        select
            %7$s
          from %3$s
         where %8$I > span.after_id
           and %8$I <= span.through_id%9$s
         group by %10$s;

        select count(*) into counted
          from %3$s
         where %8$I > span.after_id
           and %8$I <= span.through_id%9$s;
%11$s
        truncate %5$s;
    end loop;
    return query select * from rollup.finish_run(run);
end
%12$s;$text$,
        function_name,
        rollup.function_settings(lead.measures, lead.work_mem),
        lead.source,
        members,
        batch,
        array_to_string(names, ', '),
        array_to_string(expressions, E',\n            '),
        lead.id_column,
        E'\n           and (' || lead.filter || ')',
        (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n),
        feeds,
        -- Names and expressions may hold anything; these two stand in a comment.
        case when concat(lead.source, lead.filter, expressions, feeds) like '%$function$%'
            then '$rollup_function$' else '$function$' end,
        translate(lead.source::text, E'\r\n', '  '),
        translate(members, E'\r\n', '  '));
end
$$;
comment on function rollup.family_function_text(bigint, regclass, text) is
    'Internal. The statement that creates a family''s function.';
