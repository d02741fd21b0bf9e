-- The function that counts for a whole family in one statement: the new events are grouped once, by
-- the finest bucket, and each coarser member combines the groups of the coarsest that nests in it:
-- there are the fewest left. The span a member has already counted is left out for that member, so
-- that members which were run alone, or added later, fall into step here.
--
-- Citus pushes down no statement that inserts into several tables. There the groups go into a table
-- that is sharded like the events (rollup_internal.sync_batch_table), and from it, shard by shard, into each
-- member. They are deleted before the transaction ends: nobody else ever sees them.
--
-- Days of a time zone are fed from finer buckets of UTC. Before some time they did not begin where
-- those do (rollup_internal.midnights_aligned_since): events from before are grouped by their exact time too, which is
-- slow, and which hardly anyone will see.
create or replace function rollup_internal.family_function_text(family_id bigint, function_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    lead rollup_internal.rollups;
    r rollup_internal.rollups;
    feeder rollup_internal.rollups;
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
    own_names text;
    is_distributed boolean;
    is_batch boolean;
    batch text := 'batch';
    batches jsonb := '{}';  -- a member to the name of its groups, for coarser ones
    query text;
    groups text := '';
    feeds text := '';
    counting text;
begin
    select * into strict lead from rollup_internal.rollups where family = family_id order by bucket, time_zone nulls first, id limit 1;
    select string_agg(quote_literal(name), ', ' order by bucket, time_zone nulls first, id) into members
      from rollup_internal.rollups where family = family_id;
    select array_agg(quote_ident(column_name)),
           array_agg(expression || coalesce(' as ' || nullif(quote_ident(column_name), expression), '')),
           array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
           array_agg(quote_ident(column_name)) filter (where role = 'measure'),
           array_agg(merge) filter (where role = 'measure'),
           array_agg(format('%s as %I', format(combine, quote_ident(column_name)), column_name)) filter (where role = 'measure')
      into names, expressions, keys, measures, merges, combines
      from rollup_internal.target_columns(lead);
    select nullif(max(rollup_internal.midnights_aligned_since(lead.bucket, x.time_zone)), '-infinity') into exact_before
      from rollup_internal.rollups x
     where x.family = family_id and x.time_zone is not null and lead.time_zone is null;
    select string_agg(n::text, ', ') into ordinals from generate_series(1, cardinality(keys)) n;
    is_distributed := rollup_internal.is_distributed(lead.source);
    if is_distributed then
        batch := format('rollup_internal.batch_%s', family_id);
    end if;

    for r in select * from rollup_internal.rollups where family = family_id order by bucket, time_zone nulls first, id loop
        position := position + 1;
        own_keys := array_replace(keys, quote_ident(lead.bucket_column), quote_ident(r.bucket_column));
        select x.* into feeder
          from rollup_internal.rollups x
         where batches ? x.name
           and x.time_zone is not distinct from r.time_zone
           and rollup_internal.buckets_nest(x.bucket, x.time_zone, r.bucket, r.time_zone)
         order by x.bucket desc, x.id
         limit 1;
        own_bucket := case
            when (r.bucket, r.time_zone) is not distinct from (lead.bucket, lead.time_zone) then quote_ident(lead.bucket_column)
            when feeder.name is not null then
                rollup_internal.bucket_expression(r.bucket, r.time_zone, quote_ident(feeder.bucket_column))
            else rollup_internal.bucket_expression(r.bucket, r.time_zone,
                case when exact_before is not null
                    then format('coalesce("(time)", %I)', lead.bucket_column) else quote_ident(lead.bucket_column) end) end;
        own_names := array_to_string(
            array_replace(names, quote_ident(lead.bucket_column), quote_ident(r.bucket_column)), ', ');
        is_batch := own_bucket = quote_ident(lead.bucket_column) and exact_before is null;
        query := case when is_batch then format($text$select
                %s
              from %s$text$, own_names, batch)
            else format($text$select
                %s
              from %s
             group by %s$text$,
                array_to_string(
                    array_replace(keys, quote_ident(lead.bucket_column),
                                  concat_ws(' as ', own_bucket, nullif(quote_ident(r.bucket_column), own_bucket)))
                        || combines, E',\n                '),
                coalesce(batches ->> feeder.name, batch),
                ordinals) end;
        if is_distributed then
            feeds := feeds || format($text$

        if %1$L = any (span.rollups) then
            insert into %2$s as r (
                %3$s)
            %4$s
            %5$s;
            get diagnostics number = row_count;
            rows_written[%6$s] := number;
        end if;$text$,
                r.name, r.target, own_names, query,
                replace(rollup_internal.on_conflict_text(own_keys, measures, merges), E'\n', E'\n    '),
                position);
            continue;
        end if;

        batches := batches || jsonb_build_object(r.name, case when is_batch then batch else format('batch_%s', position) end);
        groups := groups || case when is_batch then '' else format($text$
        batch_%s as (
            %s
        ),$text$, position, query) end;
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
            position, r.target, own_names, batches ->> r.name, r.name,
            replace(rollup_internal.on_conflict_text(own_keys, measures, merges), E'\n', E'\n    '));
    end loop;

    query := format($text$select
                %1$s,%2$s
                count(*) as "(events)"
              from %3$s
             where %4$I > span.after_id
               and %4$I <= span.through_id%5$s
             group by %6$s$text$,
        array_to_string(expressions, E',\n                '),
        case when exact_before is null then '' else format(E'\n                case when %1$I < timestamptz %2$L then %1$I end as "(time)",',
                                                           lead.time_column, exact_before) end,
        lead.source,
        lead.id_column,
        E'\n               and (' || lead.filter || ')',
        ordinals || case when exact_before is null then '' else format(', %s', cardinality(expressions) + 1) end);
    counting := case when is_distributed then format($text$rows_written := array_fill(0::bigint, array[%1$s]);
        insert into %2$s (
            %3$s)
            %4$s;%5$s

        select coalesce(sum("(events)"), 0) into counted from %2$s;
        delete from %2$s;$text$,
            position, batch,
            concat_ws(', ', array_to_string(names, ', '), case when exact_before is not null then '"(time)"' end, '"(events)"'),
            query, feeds)
        else format($text$with batch as materialized (
            %1$s
        ),%2$s
        select (select coalesce(sum("(events)"), 0) from batch),
               array[%3$s]
          into counted, rows_written;$text$,
            query,
            rtrim(groups || feeds, ','),
            (select string_agg(format('(select count(*) from member_%s)', n), ', ') from generate_series(1, position) n)) end;

    return format($text$create or replace function %1$s(
    max_events bigint default null)
    returns table (rollup text, status text, events bigint, rows bigint, more boolean)
    language plpgsql
    volatile%2$s
as %6$s
-- Counts new events of %7$s into %8$s in one pass.
-- Written by rollup.create_rollup from their declarations; change those, not this.
#variable_conflict use_column
declare
    run rollup_internal.run_state := rollup_internal.begin_run(array[%4$s], max_events%9$s);
    span rollup_internal.id_range;
    counted bigint;
    rows_written bigint[];%3$s
begin
    foreach span in array run.id_ranges loop
        %5$s

        for n in 1 .. cardinality(run.rollups) loop
            run.rows[n] := run.rows[n] + rows_written[n];
            if run.rollups[n] = any (span.rollups) then
                run.events[n] := run.events[n] + counted;
            end if;
        end loop;
    end loop;
    return query select * from rollup_internal.finish_run(run);
end
%6$s;$text$,
        function_name,
        rollup_internal.function_settings(lead.measures, lead.work_mem),
        case when is_distributed then E'\n    number bigint;' else '' end,
        members,
        counting,
        -- Names and expressions may hold anything; these two stand in a comment.
        case when concat(counting, members) like '%$function$%' then '$rollup_function$' else '$function$' end,
        translate(lead.source::text, E'\r\n', '  '),
        translate(members, E'\r\n', '  '),
        (select ', array[' || string_agg(x.revision::text, ', ' order by x.bucket, x.time_zone nulls first, x.id) || ']'
           from rollup_internal.rollups x where x.family = family_id having max(x.revision) > 0));
end
$$;
comment on function rollup_internal.family_function_text(bigint, text) is
    'The statement that creates a family''s function.';
