-- Must stay cheap with any number of uncounted events, partitions and rollups. Sequences and watermarks give the
-- number of uncounted ids without reading events: if it is 0, nothing else is read. A short tail is counted exactly.
-- Of a long one only the first ids are read, because the oldest events are among them. Rollups that have counted
-- equally far share a query.
--
-- Whatever cannot be read, because of a privilege or a Citus node that is down, is left out, and the note names it.
create or replace function rollup_internal.rollup_lags(
    out rollup text, out lag_events bigint, out oldest timestamptz, out note text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set enable_seqscan = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    counted_exactly constant bigint := 20000;  -- ids
    most_read constant bigint := 1000000;
    r rollup_internal.rollups;
    issued jsonb;
    issued_for oid;
    source_note text;
    marks jsonb;
    ids bigint;
    width bigint;
    query text;
    answer jsonb;
    answers jsonb := '{}';
    problem text;
begin
    for r in select * from rollup_internal.rollups x order by x.source, x.id loop
        rollup := r.name;
        lag_events := null;
        oldest := null;
        if issued_for is distinct from r.source then
            issued_for := r.source;
            select x.issued, x.problem into issued, source_note from rollup_internal.issued_ids(r) x;
        end if;
        note := source_note;
        if issued is not null then
            select coalesce(sum(i.last_id - m.mark), 0),
                   jsonb_agg(jsonb_build_object('after', m.mark, 'through', i.last_id))
              into ids, marks
              from (select x.key::int as node_group, x.value::bigint as last_id from jsonb_each_text(issued) x) i
              left join rollup_internal.watermarks w on w.rollup = r.name and w.node_group = i.node_group
             cross join lateral (select coalesce(w.last_id, i.node_group::bigint << 48)) m (mark)
             where i.last_id > m.mark;
            lag_events := ids;
        end if;
        if lag_events > 0 then
            width := counted_exactly;
            loop
                query := format('select jsonb_build_object(''events'', count(*), ''oldest'', '
                                'min(%1$I) filter (where isfinite(%1$I))) from %2$s where %3$s',
                                r.time_column, r.source, rollup_internal.all_of(array[
                    (select format('(%s)', string_agg(
                                format('%1$I > %2$s and %1$I <= %3$s', r.id_column, m.after, least(m.through, m.after + width)),
                                ' or ' order by m.after))
                       from jsonb_to_recordset(marks) m (after bigint, through bigint)),
                    '(' || r.filter || ')']));
                if not answers ? query then
                    begin
                        execute query into answer;
                    exception when insufficient_privilege or connection_exception then
                        get stacked diagnostics problem = message_text;
                        answer := jsonb_build_object(
                            'note', format('lag_events counts ids, since events could not be read: %s', problem));
                    end;
                    answers := answers || jsonb_build_object(query, answer);
                end if;
                answer := answers -> query;
                oldest := (answer ->> 'oldest')::timestamptz;
                if width >= ids then
                    lag_events := coalesce((answer ->> 'events')::bigint, ids);
                end if;
                note := concat_ws('; ', source_note, answer ->> 'note');
                -- Ids of transactions that were rolled back, or of events that the filter rejects.
                exit when (answer ->> 'events')::bigint is distinct from 0 or width >= least(ids, most_read);
                width := width * 10;
            end loop;
        end if;
        note := nullif(note, '');
        return next;
    end loop;
end
$$;
comment on function rollup_internal.rollup_lags() is
    'For each rollup: events above its watermark that are not counted, exactly for 20,000 ids or less, as a number '
    'of ids for more; the time of the oldest; and what could not be read. NULLs if its source does not exist.';
