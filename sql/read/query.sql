-- Stable: whether rollups have counted the same events, and their rows, are read in one snapshot, that of the
-- calling statement.
create or replace function rollup.query(
    row_type anyelement, range_from timestamptz default null, range_to timestamptz default null,
    tenant text default null, live boolean default false)
    returns setof anyelement
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    query text;
    missing tstzmultirange;
begin
    select x.* into r
      from rollup_internal.rollups x
      join pg_class c on c.oid = x.target
     where c.reltype = pg_typeof(row_type);
    if not found then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not the row type of a rollup''s table', pg_typeof(row_type)),
            hint = coalesce((select format('For example null::%s.', x.target)
                               from rollup_internal.rollups x order by x.id limit 1),
                            'There are no rollups.');
    end if;
    if tenant is not null and r.tenant is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I has no tenants', r.name);
    end if;

    select string_agg(rollup_internal.query_part_text(r.name, p.rollup, p.part_from, p.part_to, tenant, live),
                      E'\nunion all\n' order by p.part_from),
           range_agg(tstzrange(p.part_from, p.part_to)) filter (where p.rollup is null)
      into query, missing
      from rollup.parts(r.name, range_from, range_to, live) p;
    if missing is not null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('no rollup of this family has all rows from %s to %s any more',
                             lower(missing), upper(missing)),
            hint = concat_ws(' ', format('Ask from %s on.', upper(missing)),
                             case when not live then
                                 'Members that have not counted the same events take part with live => true.' end);
    end if;
    return query execute query;
end
$$;
comment on function rollup.query(anyelement, timestamptz, timestamptz, text, boolean) is
    'Rows that answer a range exactly, as few as possible: the coarsest buckets of the family inside the range '
    'and finer ones at its edges, in the columns of null::TABLE, the table of any member. The range must begin '
    'and end at bucket boundaries of the finest member. For all tenants or one. With live, events that are not '
    'counted yet are included.';
