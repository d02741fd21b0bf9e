-- Events are grouped by tenant and time, so that a statement that changes a million events of one tenant and hour notes one
-- row. No value may make it fail: times may be infinite, or as old as a timestamp can be.
create or replace function rollup_internal.note_text(
    notes text, tables text[], tenant name, time_column name, id_column name, width interval)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return rollup_internal.fill_template(
        $text$insert into rollup_internal.{notes} (source, tenant, range_from, range_to, first_id, last_id)
select $1, c.tenant, min(c.at), max(c.at), min(c.id), max(c.id)
  from ({rows}) c
 where c.at is not null
 group by c.tenant, floor(date_part('epoch', c.at) / {width})$text$,
        jsonb_build_object(
            'notes', quote_ident(notes),
            'rows', (select string_agg(rollup_internal.fill_template(
                                'select {tenant}::text as tenant, {time} as at, {id} as id from {table}',
                                jsonb_build_object('tenant', coalesce(quote_ident(tenant), 'null'), 'time', quote_ident(time_column),
                                                   'id', quote_ident(id_column), 'table', t)), ' union all ')
                       from unnest(tables) t),
            'width', greatest(extract(epoch from width)::int, 1)));
end
$$;
comment on function rollup_internal.note_text(text, text[], name, name, name, interval) is
    'The statement that writes to a table of notes the events in transition tables, for the source $1, in groups of a width of time.';
