-- Generates a function that counts, as ordinary SQL that is readable with \sf. A single rollup is a family of one;
-- only the result of its function differs. Id ranges that a member has already counted are skipped for that
-- member, so members that were run alone or added later catch up. An id range in which an event fails is divided
-- until that event is alone, and the event is set aside.
create or replace function rollup_internal.counting_function_text(function_name text, members text[], is_family boolean)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    finest constant rollup_internal.rollups := rollup_internal.get_rollup(members[1]);
    is_distributed constant boolean := rollup_internal.is_distributed(finest.source);
    revisions int[];
    targets text[];
    -- Names may contain any character, but in a comment must not contain a line break.
    source constant text := translate(finest.source::text, E'\r\n', '  ');
    counts text;
    settings constant jsonb := (select jsonb_object_agg(s.name, s.value) from rollup_internal.measure_settings(finest) s);
    begin_run text;
    feeder text;
begin
    select array_agg(r.revision order by m.position),
           array_agg(translate(r.target::text, E'\r\n', '  ') order by m.position)
      into revisions, targets
      from unnest(members) with ordinality m (name, position)
      join rollup_internal.rollups r using (name);
    counts := case
        when cardinality(members) > 1 then
            format(E'%s in one pass into\n--   %s', source, array_to_string(targets, E'\n--   '))
        when length(source) + length(targets[1]) < 80 then format('%s into %s.', source, targets[1])
        else format(E'%s\n-- into %s.', source, targets[1]) end;
    begin_run := rollup_internal.wrap_sql(
        format('run rollup_internal.run_state := rollup_internal.begin_run(array[%s], max_events%s%s);',
               (select string_agg(quote_literal(name), ', ' order by position)
                  from unnest(members) with ordinality m (name, position)),
               case when 0 < any (revisions) then format(', array[%s]', array_to_string(revisions, ', ')) end,
               ', settings => ' || quote_literal((select jsonb_object_agg(s.key, s.value) from jsonb_each(settings) s
                                                   where not rollup_internal.may_set(s.key)))), 4);
    feeder := case when is_distributed then rollup_internal.citus_feeder_text(members, 12)
                   else rollup_internal.plain_feeder_text(members, 12) end;
    return rollup_internal.fill_template(
        $text$create or replace function {name}(
    max_events bigint default null{returns}
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    {settings}
as {quote}
-- Counts new events of {counts}
-- Written by rollup.create_rollup from {whose}, not this.
#variable_conflict use_column
declare
    {begin_run}
    pending rollup_internal.id_range[] := run.id_ranges;
    ids rollup_internal.id_range;
    new_events bigint;
    new_rows bigint[];
    table_at_fault text;
    column_at_fault text;{more_variables}
begin
    while pending <> '{}' loop
        ids := pending[1];
        pending := pending[2:];
        begin
            {feeder}

            run := rollup_internal.add_counted(run, ids, new_events, new_rows);
        exception
            when others or assert_failure then
                get stacked diagnostics table_at_fault = table_name, column_at_fault = column_name;
                if not rollup_internal.is_fault_of_event(
                    ids, table_at_fault, column_at_fault, sqlstate, sqlerrm)
                then
                    raise;
                end if;
                pending := rollup_internal.divide_failed(run, ids, sqlstate, sqlerrm) || pending;
        end;
    end loop;
    {answer}
end
{quote};$text$,
        jsonb_build_object(
            'name', function_name,
            'returns', case when is_family
                then E')\n    returns table (rollup text, status text, events bigint, rows bigint, more boolean)'
                else E',\n    out status text, out events bigint, out rows bigint, out more boolean)' end,
            'settings', rollup_internal.function_settings(finest, settings),
            'quote', case when concat(function_name, begin_run, feeder) like '%$function$%'
                          then '$rollup_function$' else '$function$' end,
            'counts', counts,
            'whose', case when cardinality(members) = 1 then 'its declaration; change that'
                          else 'their declarations; change those' end,
            'begin_run', begin_run,
            'more_variables', case when is_distributed then E'\n    written bigint;' else '' end,
            'feeder', feeder,
            'answer', case when is_family then 'return query select * from rollup_internal.finish_run(run);'
                else E'select f.status, f.events, f.rows, f.more\n      into status, events, rows, more\n'
                     '      from rollup_internal.finish_run(run) f;' end));
end
$$;
comment on function rollup_internal.counting_function_text(text, text[], boolean) is
    'The statement that creates the function which counts new events into a rollup, or into all of a family.';
