-- Each coarser member combines the groups of the coarsest preceding member that nests in it, because those are the
-- fewest. If members are fed in separate statements (chained is false), it combines the groups of the batch.
create or replace function rollup_internal.member_groups(
    members text[], batch_name text, chained boolean, exact_before timestamptz, indent int,
    out member text, out columns rollup_internal.target_column[], out groups_name text, out groups_text text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    finest constant rollup_internal.rollups := rollup_internal.get_rollup(members[1]);
    finest_bucket constant text := quote_ident(finest.bucket_column);
    names_of_groups jsonb := '{}';
    r rollup_internal.rollups;
    feeder rollup_internal.rollups;
    bucket text;
    selected text[];
    keys int[];
begin
    for i in 1 .. cardinality(members) loop
        member := members[i];
        r := rollup_internal.get_rollup(member);
        columns := rollup_internal.columns_of(r);
        if (r.bucket, r.time_zone) is not distinct from (finest.bucket, finest.time_zone) and exact_before is null then
            groups_name := batch_name;
            groups_text := null;
        else
            select x.* into feeder
              from rollup_internal.rollups x
             where names_of_groups ? x.name
               and x.time_zone is not distinct from r.time_zone
               and rollup_internal.buckets_nest(x.bucket, x.time_zone, r.bucket, r.time_zone)
             order by x.bucket desc, x.id
             limit 1;
            bucket := case
                when (r.bucket, r.time_zone) is not distinct from (finest.bucket, finest.time_zone) then finest_bucket
                else rollup_internal.bucket_expression(r.bucket, r.time_zone, case
                    when feeder.name is not null then quote_ident(feeder.bucket_column)
                    when exact_before is not null then format('coalesce("(time)", %s)', finest_bucket)
                    else finest_bucket end) end;
            select array_agg(case c.role
                                 when 'bucket' then concat_ws(' as ', bucket, nullif(quote_ident(c.column_name), bucket))
                                 when 'measure' then concat(format(c.combine, quote_ident(c.column_name)), ' as ',
                                                            quote_ident(c.column_name))
                                 else quote_ident(c.column_name) end order by c.ordinality),
                   array_agg(c.ordinality order by c.ordinality) filter (where c.role <> 'measure')
              into selected, keys
              from unnest(columns) with ordinality c;
            groups_name := format('batch_%s', i);
            groups_text := rollup_internal.grouped_select_text(
                selected, coalesce(names_of_groups ->> feeder.name, batch_name), '{}', keys, indent);
        end if;
        if chained then
            names_of_groups := names_of_groups || jsonb_build_object(member, groups_name);
        end if;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.member_groups(text[], text, boolean, timestamptz, int) is
    'The columns of each member of a family, and the groups that it is fed from: their name, and the query that builds '
    'them from other groups; NULL if they are the groups of the batch.';
