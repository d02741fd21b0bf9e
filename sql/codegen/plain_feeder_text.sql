-- One statement for the whole family, with a CTE for each member: the new events are read and grouped once.
create or replace function rollup_internal.plain_feeder_text(members text[], indent int)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    exact_before constant timestamptz := rollup_internal.exact_times_before(members);
    groups text := '';
    feeds text := '';
    counts text[];
    finest_columns rollup_internal.target_column[];
    r rollup_internal.rollups;
    fed record;
begin
    for fed in
        select * from rollup_internal.member_groups(members, 'batch', true, exact_before, indent + 4) with ordinality
               m (member, columns, groups_name, groups_text, number)
    loop
        r := rollup_internal.get_rollup(fed.member);
        finest_columns := coalesce(finest_columns, fed.columns);
        if fed.groups_text is not null then
            groups := groups || rollup_internal.fill_template(
                $text$
{name} as (
    {groups}
),$text$,
                jsonb_build_object('name', fed.groups_name, 'groups', fed.groups_text),
                indent);
        end if;
        feeds := feeds || rollup_internal.fill_template(
            $text$
member_{number} as (
    insert into {target} as stored (
        {names})
    select
        {names}
      from {groups}{where}
    {on_conflict}
    returning 1
),$text$,
            jsonb_build_object(
                'number', fed.number,
                'target', r.target,
                'names', rollup_internal.wrap_list(
                    array(select quote_ident(c.column_name) from unnest(fed.columns) c), indent + 8),
                'groups', fed.groups_name,
                'where', case when cardinality(members) = 1 then ''
                              else format(E'\n%s     where %L = any (ids.rollups)', repeat(' ', indent), r.name) end,
                'on_conflict', rollup_internal.on_conflict_text(fed.columns, indent + 4)),
            indent);
    end loop;
    counts := array(select format('(select count(*) from member_%s)', n)
                      from generate_series(1, cardinality(members)) n);
    return rollup_internal.fill_template(
        $text$with batch as materialized (
    {batch}
),{ctes}
select (select coalesce(sum("(events)"), 0) from batch),
       array[{counts}]
  into new_events, new_rows;$text$,
        jsonb_build_object(
            'batch', rollup_internal.batch_text(
                rollup_internal.get_rollup(members[1]), finest_columns, exact_before, indent + 4),
            'ctes', rtrim(groups || feeds, ','),
            'counts', rollup_internal.wrap_list(counts, indent + 13)),
        indent);
end
$$;
comment on function rollup_internal.plain_feeder_text(text[], int) is
    'The statement that counts an id range into the members of a family on plain PostgreSQL.';
