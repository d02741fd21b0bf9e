-- Looks for the newest bucket in which the measure is incomplete, which the next step of a backfill would begin
-- with. If raw events are missing from it, a backfill cannot make progress.
create or replace function rollup_internal.check_measures(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    m rollup.measures;
    r rollup_internal.rollups;
    newest timestamptz;
    is_fillable boolean;
begin
    for m in select * from rollup.measures x where x.valid_since is not null loop
        r := rollup_internal.get_rollup(m.rollup);
        -- Sources and targets that do not exist are reported by check_sources and check_targets.
        continue when (select count(*) from pg_class c where c.oid in (r.source, r.target)) < 2;
        execute format('select max(t.%1$I) from %2$s t where t.%1$I >= $1 and t.%1$I < $2', r.bucket_column, r.target)
           into newest using coalesce(r.expired_before, '-infinity'), m.valid_since;
        is_fillable := newest is not null and not rollup.missing_ranges(r.source)
                       && tstzrange(newest, rollup.bucket_end(r.bucket, r.time_zone, newest));
        check_name := format('measure %I of %I', m.measure, m.rollup);
        status := case when is_fillable then 'warn' else 'ok' end;
        finding := format('complete since %s', m.valid_since)
                || case when is_fillable then ', and could be filled in further back' else '' end;
        todo := case when is_fillable then format('call rollup.backfill_measures(%L)', m.rollup) end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_measures() is
    'Part of rollup.doctor: added measures that could be filled in further back.';
