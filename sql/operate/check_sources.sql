-- Exactly-once counting requires ids that are drawn one by one and only increase. This check detects violations (a
-- restore, a reset sequence, ids written explicitly).
create or replace function rollup_internal.check_sources(
    reports jsonb, out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set quote_all_identifiers = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    s record;
    seen record;
    node record;
    last_issued bigint;
    last_possible bigint;
    highest_mark bigint;
    largest_id bigint;
    recount bigint;
    overtaken text;
    since timestamptz;
    recent text;
begin
    for s in
        select r.source, r.id_column, r.id_sequence, min(r.time_column) as time_column,
               min(r.source_name) filter (where to_regclass(r.source_name) is not null) as source_name
          from rollup_internal.rollups r group by 1, 2, 3 order by 1
    loop
        check_name := 'ids of ' || s.source;
        if not exists (select from pg_class where oid = s.source) then
            check_name := 'ids of ' || coalesce(s.source_name, s.source::text);
            status := 'fail';
            finding := case when s.source_name is null then 'the table is gone' else 'it was replaced by another table' end;
            todo := (select coalesce(format('select rollup.accept_source(%L), if it has the same events with the same ids; otherwise ',
                                            min(r.name) filter (where s.source_name is not null)), '')
                            || string_agg(format('select rollup.drop_rollup(%L)', r.name), '; ' order by r.id)
                       from rollup_internal.rollups r where r.source = s.source);
            return next;
            continue;
        end if;
        status := 'ok';
        todo := null;
        begin
            perform rollup_internal.require_same_tables(r)
               from rollup_internal.rollups r
              where (r.source, r.id_column, r.id_sequence) = (s.source, s.id_column, s.id_sequence)
                and exists (select from pg_class c where c.oid = r.target);
            perform rollup_internal.last_issued_id(s.id_sequence);
            finding := format('%s.%I is bigint, from %s, one by one', s.source, s.id_column, s.id_sequence);
            -- A serial column whose type was changed to bigint keeps the sequence of the smaller type.
            select q.seqmax into last_possible from pg_sequence q where q.seqrelid = s.id_sequence;
            if last_possible <= 2147483647 then
                status := 'warn';
                finding := format('sequence %s ends at %s', s.id_sequence, last_possible);
                todo := format('alter sequence %s as bigint', s.id_sequence);
            end if;
        exception when object_not_in_prerequisite_state or datatype_mismatch or undefined_column
                       or insufficient_privilege or undefined_table then
            status := 'fail';
            get stacked diagnostics finding = message_text, todo = pg_exception_hint;
        end;
        return next;
        continue when status = 'fail';

        since := rollup_internal.recent_since(s.source);
        recent := case when since is not null then format(' and %I >= %L', s.time_column, since) end;
        for node in
            select n.node_group, n.node, (n.said ->> 'last_id')::bigint as last_id, n.said -> 'sequence' as sequence
              from (select x.node_group, x.node, x.report -> 'sequences' -> s.id_sequence::text as said
                      from jsonb_to_recordset(reports) x (node_group int, node text, report jsonb)
                     where x.node_group = 0 or rollup_internal.is_distributed(s.source)) n
             where n.said ? 'last_id'
        loop
            check_name := format('sequence of %s on %s', s.source, node.node);
            status := 'ok';
            todo := null;
            last_issued := greatest(node.last_id, node.node_group::bigint << 48);
            select max(w.last_id), min(r.name) filter (where rollup_internal.was_restarted(w.sequence, node.sequence))
              into highest_mark, overtaken
              from rollup_internal.watermarks w join rollup_internal.rollups r on r.name = w.rollup
             where r.source = s.source and w.node_group = node.node_group;
            largest_id := rollup_internal.number_by_index(rollup_internal.fill_template(
                'select max({id}) from {source} where {id} > {after} and {id} < {before}{recent}',
                jsonb_build_object('id', quote_ident(s.id_column), 'source', s.source, 'after', last_issued,
                                   'before', (node.node_group::bigint + 1) << 48, 'recent', coalesce(recent, ''))));
            -- Writers and runs go on: what was issued since the reports were made is not ahead of its sequence.
            if highest_mark > last_issued or largest_id is not null then
                last_issued := greatest(last_issued, (
                    select (x.report -> 'sequences' -> s.id_sequence::text ->> 'last_id')::bigint
                      from jsonb_to_recordset(rollup_internal.node_reports()) x (node_group int, report jsonb)
                     where x.node_group = node.node_group));
                largest_id := case when largest_id > last_issued then largest_id end;
            end if;
            if highest_mark > last_issued or largest_id is not null then
                status := 'fail';
                finding := format('it stands at %s, behind %s', last_issued,
                    case when largest_id is not null then format('event %s', largest_id)
                         else format('the watermark %s', highest_mark) end);
                todo := format('select setval(%L, %s)%s, then rollup.verify', s.id_sequence::text,
                               greatest(highest_mark, largest_id),
                               case when node.node_group > 0 then ' on that node' else '' end);
            elsif overtaken is not null then
                status := 'fail';
                finding := format('it was restarted after rollup %I had counted up to %s, and is at %s', overtaken, highest_mark,
                                  last_issued);
                todo := format('select rollup.restart_source(%L), if the table was truncated; '
                               'select rollup.accept_source(%L), if new ids are larger than %s',
                               s.source::text, overtaken, highest_mark);
            else
                finding := format('at %s', last_issued);
            end if;
            return next;
        end loop;

        -- The events in the id ranges of recent runs can be counted again, except those that were set aside.
        check_name := 'counted events of ' || s.source;
        status := 'ok';
        todo := null;
        select sum(x.events) as events, max(x.rollup) as rollup into seen
          from rollup_internal.recent_runs(s.source) x;
        recount := rollup_internal.number_by_index(rollup_internal.fill_template(
            'select count(*) from {source} where {id} <> all ({aside}::bigint[]) and ({ranges}){recent}', jsonb_build_object(
                'source', s.source,
                'id', quote_ident(s.id_column),
                'aside', quote_literal(array(select a.event_id from rollup_internal.set_aside a where a.rollup = seen.rollup)),
                'recent', coalesce(recent, ''),
                'ranges', coalesce((
                    select string_agg(format('%1$I >= %2$s and %1$I < %3$s', s.id_column, lower(ids), upper(ids)), ' or ')
                      from unnest((select range_agg(int8range(p.after_id, p.through_id, '(]'))
                                     from rollup_internal.recent_runs(s.source) x
                                    cross join lateral jsonb_to_recordset(x.id_ranges) p (after_id bigint, through_id bigint)
                                  )) ids), 'false'))));
        if recount > seen.events then
            status := 'fail';
            finding := format('%s events have come in below the watermark in the last day: '
                            'their ids were not fresh from the sequence', recount - seen.events);
            todo := format('select * from rollup.repair(%L), for every rollup; leave the id column out of inserts', seen.rollup);
        elsif recount < seen.events and since is null then
            status := 'warn';
            finding := format('%s events counted in the last day have been removed since', seen.events - recount);
            todo := 'where that was not an expiry: rollupctl verify, and rebuild what differs';
        else
            finding := format('the %s of the last %s are there', recount, case when since is null then 'day' else '6 hours' end);
        end if;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_sources(jsonb) is 'Part of rollup.doctor: ids, sequences, and events below the watermark.';
