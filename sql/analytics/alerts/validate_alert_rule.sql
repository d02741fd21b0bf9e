-- A rule that can never be evaluated is rejected when it is written, not at night.
create or replace function rollup_analytics_internal.validate_alert_rule()
    returns trigger
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
    problem text;
begin
    if new.kind = 'velocity' then
        if not exists (select from rollup_analytics.velocity_rules v where v.rule = new.rollup) then
            problem := format('there is no velocity rule %L', new.rollup);
        end if;
    elsif new.kind = 'lag' then
        if new.rollup is not null then
            perform rollup_internal.get_rollup(new.rollup);
        end if;
        problem := case when new.scope <> 'each' then 'a rule about lag has the scope each: an alert for each rollup' end;
    else
        r := rollup_internal.get_rollup(new.rollup);
        perform rollup_internal.number_formula(r, new.measure);
        select case
            when new.scope = 'tenant' and r.tenant is null then format('rollup %I has no tenants', r.name)
            when new.within <= interval '0' or rollup.bucket_start(r.bucket, r.time_zone, ends.at) <> ends.at
                then format('within must be whole buckets of rollup %I, which are %s long, not %s', r.name, r.bucket, new.within) end
          into problem
          from (select timezone(zone, timezone(zone, rollup.bucket_start(r.bucket, r.time_zone, timestamptz '2000-06-15 00:00Z')) + new.within) as at
                  from (select coalesce(r.time_zone, 'UTC') as zone) z) ends;
        select format('rollup %I has no dimension %I', r.name, d) into problem
          from jsonb_object_keys(new.dimensions) d
         where problem is null
           and not exists (select from rollup_internal.target_columns(r) c where c.role = 'dimension' and c.column_name = d)
        union all
        select problem
         limit 1;
        if problem is null then
            new.tenant := rollup_internal.parse_tenant(r, new.tenant);
        end if;
    end if;
    perform rollup_analytics_internal.validate_zone(new.time_zone);
    if new.threshold is null and new.kind in ('threshold', 'change', 'zscore', 'lag') then
        problem := coalesce(problem, format('a rule of kind %s needs a threshold', new.kind));
    end if;
    if problem is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('alert rule %L: %s', new.rule, problem);
    end if;
    return new;
end
$$;
comment on function rollup_analytics_internal.validate_alert_rule() is
    'Trigger of rollup_analytics.alert_rules: rejects a rule that cannot be evaluated.';
