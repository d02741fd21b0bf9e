create or replace function rollup_internal.finish_job(job rollup.job)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    not_reached constant text := (
        select string_agg(coalesce(i ->> 'name', (select string_agg(r, ', ') from jsonb_array_elements_text(i -> 'rollups') r)), ', '
                          order by position)
          from unnest(job.waiting) with ordinality x (i, position));
begin
    if cardinality(job.failures) > 0 then
        raise exception using
            errcode = (select case when bool_and(f ->> 'sqlstate' = '55P03') then 'lock_not_available' else 'raise_exception' end
                         from unnest(job.failures) f),
            message = (select string_agg(rtrim(rollup_internal.failure_text(f), '.'), '; ' order by position)
                         from unnest(job.failures) with ordinality x (f, position)),
            hint = coalesce('statement_timeout left no time for more of ' || not_reached || '.', 'Everything else is done.')
                   || ' See rollup.status, rollup.runs and rollup.retention.';
    elsif not_reached is not null then
        raise warning using
            message = format('statement_timeout leaves no time for more of %s', not_reached),
            hint = 'The next call goes on from here.';
    end if;
end
$$;
comment on function rollup_internal.finish_job(rollup.job) is
    'Raises the failures of a job, and warns of items that were skipped because of statement_timeout.';
