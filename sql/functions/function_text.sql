-- Writes the function that counts one window. It is ordinary SQL that stays readable in \sf and
-- that Citus pushes down whole, because every key begins with the tenant.
--
-- Its settings: plans are made for the actual ids (a generic plan guesses how many events there
-- are); sketches are aggregated over sorted groups, since a hash table of their 128 kB states
-- would be spilled; work_mem lets the sort of one window stay in memory.
create or replace function rollup.function_text(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup.rollups;
    names text[];
    expressions text[];
    keys text[];
    merges text[];
    counters text;
begin
    select * into strict r from rollup.rollups where name = rollup_name;

    select array_agg(quote_ident(column_name)),
           array_agg(expression),
           array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
           array_agg(format('%I = ', column_name)
                     || format(merge, 'r.' || quote_ident(column_name), 'excluded.' || quote_ident(column_name)))
               filter (where role = 'measure')
      into names, expressions, keys, merges
      from rollup.target_columns(r.source, r.tenant, r.time_column, r.bucket, r.bucket_column,
                                 r.dimensions, r.measures);

    select format(E'\n    set topn.number_of_counters = %L', max(coalesce(m.value ->> 'counters', '1000')::int))
      into counters
      from json_each(r.measures) m
     where m.value ->> 'top' is not null
    having count(*) > 0;

    return format($text$create or replace function %1$s(
    max_events bigint default null,
    out status text, out events bigint, out rows bigint, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan
    set enable_hashagg = off
    set work_mem = %2$L%3$s
as $function$
-- Counts new events of %4$s into %5$s.
-- Written by rollup.create_rollup from the declaration of %6$I; change that, not this.
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(%6$L, max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into %5$s as r (
            %7$s)
        select
            %8$s
          from %4$s
         where %9$I > span.after_id
           and %9$I <= span.through_id%10$s
         group by %11$s
        on conflict (%12$s) do update set
            %13$s;
        get diagnostics number = row_count;
        run.rows := run.rows + number;

        select count(*) into number
          from %4$s
         where %9$I > span.after_id
           and %9$I <= span.through_id%10$s;
        run.events := run.events + number;
    end loop;
    perform rollup.finish_run(run);

    status := run.status;
    events := run.events;
    rows := run.rows;
    more := run.more;
end
$function$;$text$,
        r.function_name,
        r.work_mem,
        counters,
        r.source,
        r.target,
        r.name,
        array_to_string(names, ', '),
        array_to_string(expressions, E',\n            '),
        r.id_column,
        E'\n           and (' || r.filter || ')',
        (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n),
        array_to_string(keys, ', '),
        array_to_string(merges, E',\n            '));
end
$$;
comment on function rollup.function_text(text) is
    'Internal. The statement that creates a rollup''s function.';
