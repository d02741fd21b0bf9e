-- What differed the last time is compared first, and is forgotten when it agrees. Nothing is repaired: a difference that
-- disappears by itself would not be looked into.
create or replace function rollup_internal.check_sample(
    rollup_name text, duration interval, out samples bigint, out differing jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_column
declare
    max_samples constant int := 1000;
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    began constant timestamptz := clock_timestamp();
    known constant jsonb := coalesce((select s.differing from rollup_internal.sample_checks s where s.rollup = rollup_name), '[]');
    sample record;
    said text;
begin
    perform rollup_internal.require_same_tables(r);
    samples := 0;
    differing := '[]';
    for sample in
        select k.tenant, k.bucket, true as is_known from jsonb_to_recordset(known) k (tenant text, bucket timestamptz)
        union all
        select b.tenant, b.bucket, false from rollup_internal.random_buckets(r, max_samples) b
         order by 3 desc
    loop
        exit when not sample.is_known and clock_timestamp() >= began + duration or samples >= max_samples;
        select format('%s is %s and should be %s', v.measure, coalesce(v.counted, 'missing'), coalesce(v.expected, 'missing')) into said
          from rollup.verify(rollup_name, sample.bucket, rollup.bucket_end(r.bucket, r.time_zone, sample.bucket), sample.tenant) v
         limit 1;
        samples := samples + 1;
        if said is not null and jsonb_array_length(differing) < 20 then
            differing := differing || jsonb_build_object('tenant', sample.tenant, 'bucket', sample.bucket, 'said', said);
        end if;
    end loop;
    insert into rollup_internal.sample_checks as s (rollup, last_at, last_samples, samples, seconds, differences, differed_at, differing)
    values (rollup_name, clock_timestamp(), check_sample.samples, check_sample.samples,
            extract(epoch from clock_timestamp() - began), jsonb_array_length(check_sample.differing),
            case when check_sample.differing <> '[]' then clock_timestamp() end, check_sample.differing)
    on conflict (rollup) do update
       set last_at = excluded.last_at, last_samples = excluded.last_samples, samples = s.samples + excluded.samples,
           seconds = s.seconds + excluded.seconds, differences = excluded.differences,
           differed_at = coalesce(excluded.differed_at, s.differed_at), differing = excluded.differing;
end
$$;
comment on function rollup_internal.check_sample(text, interval) is
    'Compares random tenants and buckets of a rollup with their events for some time, and records the result; returns how many, and '
    'those that differ.';
