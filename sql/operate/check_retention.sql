-- Reports data that is two days overdue, because rollup.schedule enforces retention once a day.
create or replace function rollup_internal.check_retention(
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
    what rollup.retention;
    r rollup_internal.rollups;
    is_overdue boolean;
begin
    for what in select * from rollup.retention x where x.keep is not null and x.is_enforced loop
        check_name := format('retention of %s', what.name);
        if what.kind = 'source' then
            is_overdue := exists (select from rollup.partitions(what.relation) p
                                   where p.range_to <= now() - what.keep - interval '2 days');
        elsif what.kind = 'keys' then
            execute format('select exists (select 1 from %s where seen_at < $1)', what.relation)
               into is_overdue using now() - what.keep - interval '2 days';
        else
            select * into r from rollup_internal.rollups x where x.name = what.name;
            continue when not exists (select from pg_class c where c.oid = r.target);
            r.keep := r.keep + interval '2 days';
            execute format('select exists (select 1 from %s where %I < $1)', r.target, r.bucket_column)
               into is_overdue using rollup_internal.retention_cutoff(r);
        end if;
        status := case when is_overdue or what.kept <> '{}' then 'warn' else 'ok' end;
        finding := format('%s%s', what.keep, case
            when what.kept <> '{}' then format(', but kept: %s', array_to_string(what.kept, '; '))
            when is_overdue then
            case what.kind when 'source' then ', but there are older partitions' when 'keys' then ', but there are older keys'
                 else ', but there are older rows: of late events, or nothing removes them' end end);
        todo := case when status = 'warn' then 'call rollup.expire_all(); select rollup.schedule() has pg_cron do it daily' end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_retention() is
    'Part of rollup.doctor: data that is kept for longer than its retention.';
