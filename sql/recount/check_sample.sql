-- What differed the last time is compared first, and is forgotten when it agrees. Nothing is repaired: a difference that
-- disappears by itself would not be looked into.
create or replace function rollup_internal.check_sample(
    rollup_name text, duration interval, out report jsonb, out failure jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    max_samples constant int := 1000;
    r rollup_internal.rollups;
    began constant timestamptz := clock_timestamp();
    known constant jsonb := coalesce((select s.differing from rollup_internal.sample_checks s where s.rollup = rollup_name), '[]');
    sample record;
    said text;
    samples bigint := 0;
    differing jsonb := '[]';
begin
    report := '[]';
    select * into r from rollup_internal.rollups x where x.name = rollup_name;
    if not found then
        return;  -- dropped since the job began
    end if;
    perform rollup_internal.require_same_tables(r);
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
    values (rollup_name, clock_timestamp(), samples, samples,
            extract(epoch from clock_timestamp() - began), jsonb_array_length(differing),
            case when differing <> '[]' then clock_timestamp() end, differing)
    on conflict on constraint sample_checks_pkey do update
       set last_at = excluded.last_at, last_samples = excluded.last_samples, samples = s.samples + excluded.samples,
           seconds = s.seconds + excluded.seconds, differences = excluded.differences,
           differed_at = coalesce(excluded.differed_at, s.differed_at), differing = excluded.differing;
    report := jsonb_build_array(jsonb_build_object('name', rollup_name, 'kind', 'rollup', 'action', 'checked', 'rows', samples));
    if differing <> '[]' then
        failure := jsonb_build_object(
            'sqlstate', '55000',
            'message', format('rollup %I differs from its events in %s of %s samples', rollup_name,
                              jsonb_array_length(differing), samples),
            'detail', null,
            'hint', format('See the difference: select * from rollup.verify(%L).', rollup_name));
    end if;
end
$$;
comment on function rollup_internal.check_sample(text, interval) is
    'Compares random tenants and buckets of a rollup with their events for some time, and records the result; returns how many, and '
    'the failure that a difference amounts to.';
