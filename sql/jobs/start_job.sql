-- A family is one item, because its events are read once. Rollups that failed last time come last: one that uses
-- up all the available time must not keep the others from their turn.
create or replace function rollup.start_job(
    kind text, names text[] default null, step interval default '1 day', tenant text default null,
    range_from timestamptz default null, range_to timestamptz default null, accept_loss boolean default false,
    older_than interval default null)
    returns rollup.job
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set intervalstyle = postgres
as $$
#variable_conflict use_variable
declare
    job rollup.job := row('{}', '{}');
    unknown text;
begin
    if kind = 'expire' then
        perform rollup_internal.forget_dropped();
    end if;
    if kind = 'run' then
        perform rollup_internal.get_rollup(n) from unnest(names) n;
        with meant as (
            select r.*,
                   coalesce(latest.status = 'failed', false) as has_failed,
                   bool_and(names is null or r.name = any (names)) over (partition by r.family) as is_whole
              from rollup_internal.rollups r
              left join lateral (select x.status from rollup_internal.runs x
                                  where x.rollup = r.name order by x.id desc limit 1) latest on true
        ), items as (
            select case when bool_and(m.is_whole)
                        then (select jsonb_agg(f.member order by f.position)
                                from rollup.family_members(min(m.name)) with ordinality f (member, position))
                        else to_jsonb(array_agg(m.name)) end as rollups,
                   bool_or(m.has_failed) as has_failed,
                   min(m.id) as id
              from meant m
             where names is null or m.name = any (names)
             group by m.family, case when not m.is_whole then m.name end
        )
        select coalesce(array_agg(jsonb_build_object('do', 'run', 'rollups', i.rollups)
                                  order by i.has_failed, i.id), '{}')
          into job.waiting
          from items i;
        perform rollup_internal.collect_changes();
        -- Before new events are counted. What changes from now on is left to the next job.
        job.waiting := array(
            select jsonb_build_object('do', 'correct', 'rollups', jsonb_build_array(r.name), 'noted_before', clock_timestamp())
              from rollup_internal.rollups r
             where (names is null or r.name = any (names))
               and (exists (select from rollup_internal.changes c where c.source = r.source)
                    or exists (select from rollup_internal.changed_buckets b where b.rollup = r.name))
             order by r.id) || job.waiting;
    elsif kind = 'expire' and older_than is not null then
        job.waiting := array(
            select jsonb_build_object('do', 'expire', 'kind', 'source', 'name', n.name, 'source', n.name::regclass::oid,
                                      'older_than', older_than)
              from unnest(names) with ordinality n (name, position)
             order by n.position);
    elsif kind = 'expire' then
        select n into unknown from unnest(names) n where n not in (select x.name from rollup.retention x) limit 1;
        if unknown is not null then
            raise exception using
                errcode = 'undefined_object',
                message = format('there is nothing called %s that expires', unknown),
                hint = 'See rollup.retention for the names of rollups and sources.';
        end if;
        job.waiting := array(
            select jsonb_build_object('do', 'expire', 'kind', x.kind, 'name', x.name)
              from rollup.retention x
             where x.keep is not null and (names is null or x.name = any (names))
             order by x.kind = 'keys', x.kind desc, x.name);
    elsif kind = 'backfill' then
        perform rollup_internal.get_rollup(n) from unnest(names) n;
        job.waiting := array(
            select jsonb_build_object('do', 'backfill', 'name', r.name)
              from rollup_internal.rollups r
             where names is null or r.name = any (names)
             order by r.id);
    elsif kind = 'backfill measures' then
        perform rollup_internal.get_rollup(n) from unnest(names) n;
        job.waiting := array(
            select item
              from rollup_internal.rollups r
              cross join lateral unnest((rollup_internal.start_measure_backfill(r.name, step, tenant)).waiting)
                with ordinality x (item, position)
             where names is null or r.name = any (names)
             order by r.id, x.position);
    elsif kind = 'check' then
        job.waiting := array(
            select jsonb_build_object('do', 'check', 'rollups', jsonb_build_array(r.name),
                                      'seconds', extract(epoch from step) / count(*) over ())
              from rollup_internal.rollups r
             where names is null or r.name = any (names)
             order by random());
    elsif kind = 'rebuild' then
        perform rollup_internal.get_rollup(n) from unnest(names) n;
        job.waiting := array(
            select jsonb_build_object('do', 'rebuild', 'name', r.name, 'tenant', tenant, 'accept_loss', accept_loss,
                                      'from', s.step_from, 'to', s.step_to)
              from rollup_internal.rollups r
             cross join lateral rollup_internal.rebuild_steps(r.name, range_from, range_to, step) s
             where names is null or r.name = any (names)
             order by r.id, s.step_from nulls first);
    else
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a job is run, expire, backfill, backfill measures, check or rebuild, not %L', kind);
    end if;
    return job;
end
$$;
comment on function rollup.start_job(text, text[], interval, text, timestamptz, timestamptz, boolean, interval) is
    'Begins a job, which rollup.next_step performs step by step: run counts new events into rollups, expire '
    'enforces rollup.retention, backfill counts backlogs as rollup.backfill does, backfill measures fills in added '
    'measures as rollup.backfill_measures does, rebuild recomputes as rollup.rebuild_in_steps does, check compares samples as rollup.check_samples does; for all, or for '
    'those named. step and tenant are for added measures and rebuilds, step also for the time of a check, the range and accept_loss for rebuilds '
    'only. With older_than, expire removes events of the named tables (with their schema) that are older, whatever their '
    'retention. Returns the job, a value that the caller keeps. Raises undefined_object for an unknown name.';
