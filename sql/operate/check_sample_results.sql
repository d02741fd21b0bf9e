create or replace function rollup_internal.check_sample_results(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
begin
    for s in
        select c.rollup, c.last_at, c.last_samples, c.samples, c.differences
          from rollup_internal.sample_checks c join rollup_internal.rollups r on r.name = c.rollup
         order by r.id
    loop
        check_name := format('samples of %I', s.rollup);
        status := case when s.differences > 0 then 'fail' when s.last_at < now() - interval '1 day' then 'warn' else 'ok' end;
        finding := format('%s of %s compared at %s differ from their events; %s compared so far', s.differences, s.last_samples,
                          date_trunc('second', s.last_at), s.samples);
        todo := case when s.differences > 0 then format('select * from rollup.verify(%L), find the cause, then rollup.repair(%1$L)', s.rollup)
                     when status = 'warn' then 'call rollup.check_samples()' end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_sample_results() is 'Part of rollup.doctor: what rollup.check_samples has found.';
