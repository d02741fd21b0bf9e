-- The function that counts for a whole family in one statement: the new events are grouped once, by
-- the finest bucket, and each coarser member combines the groups of the coarsest that nests in it:
-- there are the fewest left. The span a member has already counted is left out for that member, so
-- that members which were run alone, or added later, fall into step here.
--
-- Days of a time zone are fed from finer buckets of UTC. Before some time they did not begin where
-- those do (rollup.even_from): events from before are grouped by their exact time too, which is
-- slow, and which hardly anyone will see.
create or replace function rollup.family_function_text(family_id bigint, function_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    lead rollup.rollups;
    r rollup.rollups;
    feeder rollup.rollups;
    position int := 0;
    names text[];
    expressions text[];
    keys text[];
    measures text[];
    merges text[];
    combines text[];
    own_keys text[];
    own_bucket text;
    exact_before timestamptz;
    members text;
    ordinals text;
    batches jsonb := '{}';  -- a member to the name of its groups
    groups text := '';
    feeds text := '';
begin
    select * into strict lead from rollup.rollups where family = family_id order by bucket, time_zone nulls first, id limit 1;
    select string_agg(quote_literal(name), ', ' order by bucket, time_zone nulls first, id) into members
      from rollup.rollups where family = family_id;
    select array_agg(quote_ident(column_name)),
           array_agg(expression || coalesce(' as ' || nullif(quote_ident(column_name), expression), '')),
           array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
           array_agg(quote_ident(column_name)) filter (where role = 'measure'),
           array_agg(merge) filter (where role = 'measure'),
           array_agg(format('%s as %I', format(combine, quote_ident(column_name)), column_name)) filter (where role = 'measure')
      into names, expressions, keys, measures, merges, combines
      from rollup.target_columns(lead);
    select nullif(max(rollup.even_from(lead.bucket, x.time_zone)), '-infinity') into exact_before
      from rollup.rollups x
     where x.family = family_id and x.time_zone is not null and lead.time_zone is null;
    select string_agg(n::text, ', ') into ordinals from generate_series(1, cardinality(keys)) n;

    for r in select * from rollup.rollups where family = family_id order by bucket, time_zone nulls first, id loop
        position := position + 1;
        own_keys := array_replace(keys, quote_ident(lead.bucket_column), quote_ident(r.bucket_column));
        select x.* into feeder
          from rollup.rollups x
         where batches ? x.name
           and x.time_zone is not distinct from r.time_zone
           and rollup.buckets_nest(x.bucket, x.time_zone, r.bucket, r.time_zone)
         order by x.bucket desc, x.id
         limit 1;
        own_bucket := case
            when (r.bucket, r.time_zone) is not distinct from (lead.bucket, lead.time_zone) then quote_ident(lead.bucket_column)
            when feeder.name is not null then
                rollup.bucket_expression(r.bucket, r.time_zone, quote_ident(feeder.bucket_column))
            else rollup.bucket_expression(r.bucket, r.time_zone,
                case when exact_before is not null
                    then format('coalesce("(time)", %I)', lead.bucket_column) else quote_ident(lead.bucket_column) end) end;
        if own_bucket = quote_ident(lead.bucket_column) and exact_before is null then
            batches := batches || jsonb_build_object(r.name, 'batch');
        else
            groups := groups || format($text$
        batch_%1$s as (
            select
                %2$s
              from %3$s
             group by %4$s
        ),$text$,
                position,
                array_to_string(
                    array_replace(keys, quote_ident(lead.bucket_column),
                                  concat_ws(' as ', own_bucket, nullif(quote_ident(r.bucket_column), own_bucket)))
                        || combines, E',\n                '),
                coalesce(batches ->> feeder.name, 'batch'),
                ordinals);
            batches := batches || jsonb_build_object(r.name, format('batch_%s', position));
        end if;
        feeds := feeds || format($text$
        member_%1$s as (
            insert into %2$s as r (
                %3$s)
            select
                %3$s
              from %4$s
             where %5$L = any (span.rollups)
            %6$s
            returning 1
        ),$text$,
            position,
            r.target,
            array_to_string(array_replace(names, quote_ident(lead.bucket_column), quote_ident(r.bucket_column)), ', '),
            batches ->> r.name,
            r.name,
            replace(rollup.upsert_text(own_keys, measures, merges), E'\n', E'\n    '));
    end loop;

    return format($text$create or replace function %1$s(
    max_events bigint default null)
    returns table (rollup text, status text, events bigint, rows bigint, more boolean)
    language plpgsql
    volatile%2$s
as %11$s
-- Counts new events of %12$s into %13$s in one pass.
-- Written by rollup.create_rollup from their declarations; change those, not this.
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array[%4$s], max_events%15$s);
    span rollup.span;
    counted bigint;
    rows_written bigint[];
begin
    foreach span in array run.spans loop
        with batch as materialized (
            select
                %5$s,%14$s
                count(*) as "(events)"
              from %3$s
             where %6$I > span.after_id
               and %6$I <= span.through_id%7$s
             group by %8$s
        ),%9$s
        select (select coalesce(sum("(events)"), 0) from batch),
               array[%10$s]
          into counted, rows_written;

        for n in 1 .. cardinality(run.rollups) loop
            run.rows[n] := run.rows[n] + rows_written[n];
            if run.rollups[n] = any (span.rollups) then
                run.events[n] := run.events[n] + counted;
            end if;
        end loop;
    end loop;
    return query select * from rollup.finish_run(run);
end
%11$s;$text$,
        function_name,
        rollup.function_settings(lead.measures, lead.work_mem),
        lead.source,
        members,
        array_to_string(expressions, E',\n                '),
        lead.id_column,
        E'\n               and (' || lead.filter || ')',
        ordinals || case when exact_before is null then '' else format(', %s', cardinality(expressions) + 1) end,
        rtrim(groups || feeds, ','),
        (select string_agg(format('(select count(*) from member_%s)', n), ', ') from generate_series(1, position) n),
        -- Names and expressions may hold anything; these two stand in a comment.
        case when concat(lead.source, lead.filter, expressions, groups, feeds, members) like '%$function$%'
            then '$rollup_function$' else '$function$' end,
        translate(lead.source::text, E'\r\n', '  '),
        translate(members, E'\r\n', '  '),
        case when exact_before is null then '' else format(E'\n                case when %1$I < timestamptz %2$L then %1$I end as "(time)",',
                                                           lead.time_column, exact_before) end,
        (select ', array[' || string_agg(x.revision::text, ', ' order by x.bucket, x.time_zone nulls first, x.id) || ']'
           from rollup.rollups x where x.family = family_id having max(x.revision) > 0));
end
$$;
comment on function rollup.family_function_text(bigint, text) is
    'Internal. The statement that creates a family''s function.';
