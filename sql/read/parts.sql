-- The coarsest member covers the whole buckets that lie inside the range, the next one those of the remaining
-- edges, and so on. A member that has counted other events than the rest would count some twice at its borders and
-- miss others, so it is left out, except with live views, which add the missing events. A member is also left out
-- for times in which an added measure is less complete there than in the requested rollup (see
-- rollup.alter_rollup).
create or replace function rollup.parts(
    rollup_name text, range_from timestamptz, range_to timestamptz, live boolean default false,
    grid timestamptz[] default null,
    out rollup text, out part_from timestamptz, out part_to timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    member rollup_internal.rollups;
    members rollup_internal.rollups[];
    reference text;
    finest rollup_internal.rollups;
    aligned tstzrange;
    complete_from timestamptz;
    pieces tstzrange[];
    piece tstzrange;
    rest tstzrange[];
begin
    r := rollup_internal.get_rollup(rollup_name);
    range_from := coalesce(range_from, '-infinity');
    range_to := coalesce(range_to, 'infinity');

    select array_agg(x order by m.position desc) into members
      from rollup.family_members(rollup_name) with ordinality m (name, position)
      join rollup_internal.rollups x using (name)
     where (grid is null or x.name = rollup_name
            or not exists (select from unnest(grid) b where rollup.bucket_start(x.bucket, x.time_zone, b) <> b));
    finest := members[cardinality(members)];
    aligned := rollup_internal.align_to_buckets(finest.bucket, finest.time_zone, range_from, range_to);

    -- The member whose buckets begin and end with the range: the rollup itself, or the coarsest finer one.
    select m.name into reference
      from unnest(members) with ordinality m
     where rollup.bucket_start(m.bucket, m.time_zone, range_from) = range_from
       and rollup.bucket_start(m.bucket, m.time_zone, range_to) = range_to
     order by m.name <> rollup_name, m.bucket > r.bucket, m.ordinality
     limit 1;
    if not found then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('no rollup of this family has buckets that begin at %s and end at %s',
                             range_from, range_to),
            hint = format('The finest is %I, of %s', finest.name, finest.bucket)
                   || format(': ask from %s to %s.', lower(aligned), upper(aligned));
    end if;
    if not live then
        members := array(
            select m
              from unnest(members) with ordinality x
              join rollup_internal.rollups m on m.name = x.name
             where (select array_agg((t.after_id, t.through_id) order by t.after_id)
                      from rollup_internal.tails t where t.rollup = m.name)
                   is not distinct from
                   (select array_agg((t.after_id, t.through_id) order by t.after_id)
                      from rollup_internal.tails t where t.rollup = reference)
             order by x.ordinality);
    end if;

    pieces := array[tstzrange(range_from, range_to)];
    foreach member in array members loop
        complete_from := (select max(m.valid_since)
                            from rollup_internal.measures_complete_since(member.name) m
                            left join rollup_internal.measures_complete_since(reference) f using (measure)
                           where m.valid_since > coalesce(f.valid_since, '-infinity'));
        rest := '{}';
        foreach piece in array pieces loop
            part_from := greatest(lower(piece), member.expired_before, complete_from);
            if rollup.bucket_start(member.bucket, member.time_zone, part_from) < part_from then
                part_from := rollup.bucket_end(member.bucket, member.time_zone, part_from);
            end if;
            part_to := rollup.bucket_start(member.bucket, member.time_zone, upper(piece));
            if part_from < part_to then
                rollup := member.name;
                return next;
                rest := rest || tstzrange(lower(piece), part_from) || tstzrange(part_to, upper(piece));
            else
                rest := rest || piece;
            end if;
        end loop;
        pieces := array(select p from unnest(rest) p where not isempty(p));
    end loop;
    rollup := null;
    foreach piece in array pieces loop
        part_from := lower(piece);
        part_to := upper(piece);
        return next;
    end loop;
end
$$;
comment on function rollup.parts(text, timestamptz, timestamptz, boolean, timestamptz[]) is
    'Which rollups of a family answer a range exactly, and for which times: the coarsest for as much as '
    'possible, finer ones for the edges. NULL instead of a name where rows have expired. With live, members that '
    'have not counted the same events are included; with a grid, no bucket crosses one of its times.';
