-- Only steps in which there are events or rows: eleven years between two events are no work.
create or replace function rollup.steps(
    rollup_name text, range_from timestamptz, range_to timestamptz, step interval,
    out step_from timestamptz, out step_to timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup.rollups;
    span tstzrange;
begin
    select * into r from rollup.rollups where name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = 'See rollup.status.';
    end if;
    if step is null or step <= interval '0' or mod(extract(epoch from step), extract(epoch from r.bucket)) <> 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a step must be a multiple of the bucket, %s, not %s', r.bucket, step);
    end if;
    span := rollup.event_range(r.bucket, range_from, range_to);
    return query execute format($text$
        select greatest(d.start, lower($1)), least(d.start + $2, upper($1))
          from (select date_bin($2, t.at, timestamptz '2000-01-01 00:00:00+00') as start
                  from (select %1$I as at from %2$s union all select %3$I from %4$s) t
                 where $1 @> t.at
                 group by 1) d
         order by 1
    $text$, r.time_column, r.source, r.bucket_column, r.target) using span, step;
end
$$;
comment on function rollup.steps(text, timestamptz, timestamptz, interval) is
    'Internal. A range of a rollup cut into steps of whole buckets, those with events or rows in them.';
