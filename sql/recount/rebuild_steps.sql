-- Skips steps without events or rows, so that a gap of years costs nothing.
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
        $text$select greatest(d.start, lower($1)), least(rollup.bucket_end($2, $3, d.start), upper($1))
  from (select rollup.bucket_start($2, $3, t.at) as start
          from (select {time} as at from {source} union all select {bucket} from {target}) t
         where $1 @> t.at
         group by 1) d
 order by 1$text$,
        jsonb_build_object('time', quote_ident(r.time_column), 'source', r.source,
                           'bucket', quote_ident(r.bucket_column), 'target', r.target))
    using bounds, step, r.time_zone;
end
$$;
comment on function rollup_internal.rebuild_steps(text, timestamptz, timestamptz, interval) is
    'A range of a rollup divided into steps of whole buckets; only steps with events or rows.';
