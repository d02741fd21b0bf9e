-- Writes the function that counts one window. It is ordinary SQL that stays readable in \sf and
-- that Citus pushes down whole, because every key begins with the tenant.
create or replace function rollup_internal.rollup_function_text(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
    names text[];
    expressions text[];
    keys text[];
    upsert text;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;

    select array_agg(quote_ident(column_name)),
           array_agg(expression),
           array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
           rollup_internal.on_conflict_text(array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
                              array_agg(quote_ident(column_name)) filter (where role = 'measure'),
                              array_agg(merge) filter (where role = 'measure'))
      into names, expressions, keys, upsert
      from rollup_internal.target_columns(r);

    return format($text$create or replace function %1$s(
    max_events bigint default null,
    out status text, out events bigint, out rows bigint, out more boolean)
    language plpgsql
    volatile%2$s
as %12$s
-- Counts new events of %13$s into %14$s.
-- Written by rollup.create_rollup from the declaration of %15$s; change that, not this.
#variable_conflict use_column
declare
    run rollup_internal.run_state := rollup_internal.begin_run(array[%5$L], max_events%16$s);
    span rollup_internal.id_range;
    number bigint;
begin
    foreach span in array run.id_ranges loop
        insert into %4$s as r (
            %6$s)
        select
            %7$s
          from %3$s
         where %8$I > span.after_id
           and %8$I <= span.through_id%9$s
         group by %10$s
        %11$s;
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from %3$s
         where %8$I > span.after_id
           and %8$I <= span.through_id%9$s;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup_internal.finish_run(run) f;
end
%12$s;$text$,
        r.function_name,
        rollup_internal.function_settings(r.measures, r.work_mem),
        r.source,
        r.target,
        r.name,
        array_to_string(names, ', '),
        array_to_string(expressions, E',\n            '),
        r.id_column,
        E'\n           and (' || r.filter || ')',
        (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n),
        upsert,
        -- Names and expressions may hold anything; these three stand in a comment.
        case when concat(r.source, r.target, r.name, r.filter, names, expressions) like '%$function$%'
            then '$rollup_function$' else '$function$' end,
        translate(r.source::text, E'\r\n', '  '),
        translate(r.target::text, E'\r\n', '  '),
        translate(quote_ident(r.name), E'\r\n', '  '),
        ', array[' || nullif(r.revision, 0) || ']');
end
$$;
comment on function rollup_internal.rollup_function_text(text) is
    'The statement that creates a rollup''s function.';
