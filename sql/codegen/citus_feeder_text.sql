-- Citus does not push down a statement that inserts into several tables. The groups are therefore written to a
-- table that is sharded like the events (rollup_internal.sync_batch_table), and from it, shard by shard, to each
-- member. They are deleted before the transaction ends, so no other transaction sees them. A family of one needs
-- no such table: its groups are written directly to its own table.
create or replace function rollup_internal.citus_feeder_text(members text[], indent int)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    finest constant rollup_internal.rollups := rollup_internal.get_rollup(members[1]);
    batch_name constant text := format('rollup_internal.batch_%s', finest.family);
    exact_before constant timestamptz := rollup_internal.exact_times_before(members);
    feeds text := '';
    columns constant rollup_internal.target_column[] := rollup_internal.columns_of(finest);
    r rollup_internal.rollups;
    names text;
    fed record;
begin
    if cardinality(members) = 1 then
        return rollup_internal.fill_template(
            $text${insert_select}
{on_conflict};
get diagnostics written = row_count;
new_rows := array[written];

select count(*) into new_events
  from {source}
 where {conditions};$text$,
            jsonb_build_object(
                'insert_select', rollup_internal.insert_select_text(
                    finest, rollup_internal.new_events_conditions(finest), indent),
                'on_conflict', rollup_internal.on_conflict_text(columns, indent),
                'source', finest.source,
                'conditions', rollup_internal.all_of(rollup_internal.new_events_conditions(finest), indent)),
            indent);
    end if;

    for fed in
        select * from rollup_internal.member_groups(members, batch_name, false, exact_before, indent + 4) with ordinality
               m (member, columns, groups_name, groups_text, number)
    loop
        r := rollup_internal.get_rollup(fed.member);
        names := rollup_internal.wrap_list(
            array(select quote_ident(c.column_name) from unnest(fed.columns) c), indent + 8);
        feeds := feeds || rollup_internal.fill_template(
            $text$

if {name} = any (ids.rollups) then
    insert into {target} as stored (
        {names})
    {groups}
    {on_conflict};
    get diagnostics written = row_count;
    new_rows[{number}] := written;
end if;$text$,
            jsonb_build_object(
                'name', quote_literal(r.name),
                'target', r.target,
                'names', names,
                'groups', coalesce(fed.groups_text, rollup_internal.fill_template(
                    E'select\n    {names}\n  from {batch}',
                    jsonb_build_object('names', names, 'batch', batch_name), indent + 4)),
                'on_conflict', rollup_internal.on_conflict_text(fed.columns, indent + 4),
                'number', fed.number),
            indent);
    end loop;
    select rollup_internal.wrap_list(array_remove(
               array_agg(quote_ident(c.column_name)) || case when exact_before is not null then '"(time)"' end || '"(events)"'::text,
               null), indent + 4)
      into names
      from unnest(columns) c;
    return rollup_internal.fill_template(
        $text$new_rows := array_fill(0::bigint, array[{members}]);
insert into {batch} (
    {names})
{groups};{feeds}

select coalesce(sum("(events)"), 0) into new_events from {batch};
delete from {batch};$text$,
        jsonb_build_object(
            'members', cardinality(members),
            'batch', batch_name,
            'names', names,
            'groups', rollup_internal.batch_text(finest, columns, exact_before, indent),
            'feeds', feeds),
        indent);
end
$$;
comment on function rollup_internal.citus_feeder_text(text[], int) is
    'The statements that count an id range into the members of a family on Citus.';
