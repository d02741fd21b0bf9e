-- Skips steps without events or rows, so that a gap of years costs nothing. A step that contains the first time of
-- timestamptz would begin before it, so there the steps are buckets.
create or replace function rollup_internal.rebuild_steps(
    rollup_name text, range_from timestamptz, range_to timestamptz, step interval,
    out step_from timestamptz, out step_to timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup_internal.rollups;
    bounds tstzrange;
begin
    r := rollup_internal.get_rollup(rollup_name);
    perform rollup_internal.require_same_tables(r);
    -- The default step of a day is shorter than a bucket of weeks or months; the bucket is used instead.
    if r.time_zone is not null and step < r.bucket then
        step := r.bucket;
    end if;
    if step is null or step <= interval '0'
       or not rollup_internal.buckets_nest(r.bucket, r.time_zone, step, r.time_zone) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a step must be a multiple of the bucket, %s, not %s', r.bucket, step);
    end if;
    bounds := rollup_internal.align_to_buckets(r.bucket, r.time_zone, range_from, range_to);
    return query execute rollup_internal.fill_template(
        $text$select lower(d.step * $1), upper(d.step * $1)
  from (select x.width, rollup.bucket_start(x.width, $3, t.at) as start
          from (select {time} as at from {source} where {counted} union all select {bucket} from {target}) t
         cross join lateral (select case when t.at < timestamptz {earliest} + $2 then $4 else $2 end as width) x
         where $1 @> t.at
         group by 1, 2) s
 cross join lateral rollup_internal.bucket_range(s.width, $3, s.start) d (step)
 order by 1$text$,
        jsonb_build_object('time', quote_ident(r.time_column), 'source', r.source,
                           'bucket', quote_ident(r.bucket_column), 'target', r.target,
                           'earliest', quote_literal('4714-11-24 00:00:00+00 BC'),
                           -- Without the filter, which may raise an error; a step without events of the rollup does no harm.
                           'counted', rollup_internal.all_of(rollup_internal.counted_condition(r, in_statement => false)
                               || rollup_internal.bounds_conditions(quote_ident(r.time_column), bounds))))
    using bounds, step, r.time_zone, r.bucket;
end
$$;
comment on function rollup_internal.rebuild_steps(text, timestamptz, timestamptz, interval) is
    'A range of a rollup divided into steps of whole buckets; only steps with events or rows.';
