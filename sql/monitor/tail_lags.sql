-- Reads the events for all rollups of a source in one statement, because planning one over hundreds of partitions
-- takes longer than reading a short range of ids. If that fails, each rollup is read by itself: an event for which
-- the filter of one raises an error must not hide the others.
--
-- With `since`, older events are not read. If fewer events are found than there are ids, the missing ones were rolled
-- back or are older; the tail is then described by its ids.
create or replace function rollup_internal.tail_lags(behind jsonb, since timestamptz, problem text)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set enable_seqscan = off
    set max_parallel_workers_per_gather = 0
    set jit = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    counted_exactly constant bigint := 20000;
    first_ids constant bigint := 1000;
    r constant rollup_internal.rollups := (
        select x from rollup_internal.rollups x where behind ? x.name order by x.id limit 1);
    parts text[];
    read_ids int8multirange;
    numbers jsonb;
    lags jsonb[];
    found_lags jsonb;
    member text;
begin
    if r.name is null then
        return '{}';
    end if;
    if problem is not null then
        raise exception using errcode = 'connection_exception', message = problem;
    end if;
    with tails as (
        select b.key as name, b.value::int8multirange as ids,
               (select sum(upper(i) - lower(i)) from unnest(b.value::int8multirange) i)::bigint as number
          from jsonb_each_text(behind) b
    ), read as (
        select t.name, t.number,
               case when t.number <= counted_exactly then t.ids
                    else (select range_agg(int8range(lower(i), least(upper(i), lower(i) + first_ids)))
                            from unnest(t.ids) i) end as ids
          from tails t
    )
    select array_agg(rollup_internal.fill_template(
               $text$jsonb_build_object(
           'rollup', {name},
           'found', count(*) filter (where {in_tail}),
           'events', {events},
           'oldest', min({time}) filter (where {condition} and isfinite({time})))$text$,
               jsonb_build_object(
                   'name', quote_literal(x.name),
                   'events', case when x.number <= counted_exactly then format('count(*) filter (where %s)', c.condition)
                                  else x.number::text end,
                   'time', quote_ident(d.time_column),
                   'in_tail', c.in_tail,
                   'condition', c.condition))),
           range_agg(x.ids),
           jsonb_object_agg(x.name, jsonb_build_array(x.number, (select sum(upper(i) - lower(i)) from unnest(x.ids) i)))
      into parts, read_ids, numbers
      from read x
      join rollup_internal.rollups d on d.name = x.name
     cross join lateral (select format('%L::int8multirange @> %I', x.ids, d.id_column)) t (in_tail)
     cross join lateral (select t.in_tail, rollup_internal.all_of(array_remove(array[
               t.in_tail, '(' || d.filter || ')'], null))) c (in_tail, condition);
    execute rollup_internal.fill_template(
        $text$select array[{parts}] from {source} where ({ids}){recent}$text$,
        jsonb_build_object(
            'parts', array_to_string(parts, E',\n       '),
            'source', r.source,
            'recent', case when since is null then '' else format(' and %I >= %L', r.time_column, since) end,
            'ids', (select string_agg(format('%1$I >= %2$s and %1$I < %3$s', r.id_column, lower(i), upper(i)), ' or ')
                      from unnest(read_ids) i)))
       into lags;
    return (select jsonb_object_agg(
                       l ->> 'rollup',
                       case when since is null or l -> 'found' = n.counts -> 1 then l - 'rollup' - 'found'
                            else jsonb_build_object('events', n.counts -> 0) end)
              from unnest(lags) l
             cross join lateral (select numbers -> (l ->> 'rollup')) n (counts));
exception when others then
    get stacked diagnostics problem = message_text;
    if (select count(*) from jsonb_object_keys(behind)) > 1 and sqlstate !~ '^(08|42501|55P03)' then
        found_lags := '{}';
        for member in select jsonb_object_keys(behind) loop
            found_lags := found_lags || rollup_internal.tail_lags(jsonb_build_object(member, behind -> member), since, null);
        end loop;
        return found_lags;
    end if;
    return (select jsonb_object_agg(b.key, jsonb_build_object(
                       'events', (select sum(upper(i) - lower(i)) from unnest(b.value::int8multirange) i),
                       'note', format('lag_events counts ids, since events could not be read: %s', problem)))
              from jsonb_each_text(behind) b);
end
$$;
comment on function rollup_internal.tail_lags(jsonb, timestamptz, text) is
    'For rollups of one source, by name, with the ids that each has not counted: the number of events (of ids, if '
    'there are more than 20,000, or events before `since` that are not read), the time of the oldest, and a note if '
    'events could not be read, for one because of the problem given.';
