-- Only steps in which there are events or rows: eleven years between two events are no work.
create or replace function rollup_internal.rebuild_steps(
    rollup_name text, range_from timestamptz, range_to timestamptz, step interval,
    out step_from timestamptz, out step_to timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup_internal.rollups;
    span tstzrange;
begin
    r := rollup_internal.get_rollup(rollup_name);
    -- A step of a day, the usual one, is shorter than a week: there a step is a bucket.
    if r.time_zone is not null and step < r.bucket then
        step := r.bucket;
    end if;
    if step is null or step <= interval '0' or not rollup_internal.buckets_nest(r.bucket, r.time_zone, step, r.time_zone) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a step must be a multiple of the bucket, %s, not %s', r.bucket, step);
    end if;
    span := rollup_internal.align_to_buckets(r.bucket, r.time_zone, range_from, range_to);
    return query execute format($text$
        select greatest(d.start, lower($1)), least(rollup.bucket_end($2, $3, d.start), upper($1))
          from (select rollup.bucket_start($2, $3, t.at) as start
                  from (select %1$I as at from %2$s union all select %3$I from %4$s) t
                 where $1 @> t.at
                 group by 1) d
         order by 1
    $text$, r.time_column, r.source, r.bucket_column, r.target) using span, step, r.time_zone;
end
$$;
comment on function rollup_internal.rebuild_steps(text, timestamptz, timestamptz, interval) is
    'A range of a rollup cut into steps of whole buckets, those with events or rows in them.';
