create or replace function rollup_internal.check_corrections(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    f record;
    c record;
    lacking text;
begin
    for f in
        select x.source, exists (select from pg_subscription_rel s where s.srrelid = x.source) as is_subscribed
          from rollup_internal.followed_sources x
          join pg_class k on k.oid = x.source
         order by x.source::text
    loop
        check_name := format('changes of %s', f.source);
        select string_agg(distinct t.relation::text, ', ') into lacking
          from rollup_internal.change_triggers(f.source) t where not t.is_there;
        status := case when lacking is not null then 'fail' when f.is_subscribed then 'fail' else 'ok' end;
        finding := case when lacking is not null then format('not noted, because triggers are missing or disabled: %s', lacking)
                        when f.is_subscribed then 'logical replication applies updates and deletes without statement triggers'
                        else 'noted' end;
        todo := case when lacking is not null then format('select rollup.follow_changes(%L), then repair what has changed since: '
                                                          'rollup.repair', f.source::text)
                     when f.is_subscribed then format('select rollup.note_changes(%L, tenant, from, to) after such changes', f.source::text) end;
        return next;
    end loop;
    for c in
        select r.name, r.source, p.number, p.oldest, t.left_buckets, t.last_left, t.last_left_at
          from rollup_internal.rollups r
          left join rollup_internal.correction_totals t on t.rollup = r.name
         cross join lateral (select count(*) as number, min(x.noted_at) as oldest from rollup_internal.pending_changes(r.name) x) p
         where p.number > 0 or t.rollup is not null
         order by r.id
    loop
        check_name := format('corrections of %I', c.name);
        status := case when c.oldest < now() - interval '10 minutes' or c.last_left_at > now() - interval '7 days' then 'warn' else 'ok' end;
        finding := case when c.oldest < now() - interval '10 minutes'
                            then format('%s changes are not counted again, the oldest since %s', c.number, date_trunc('second', c.oldest))
                        when c.last_left_at > now() - interval '7 days'
                            then format('%s ranges were left as they are, because raw events have expired; the last were %s',
                                        c.left_buckets, c.last_left)
                        else 'nothing is waiting' end;
        todo := case when c.oldest < now() - interval '10 minutes' then 'call rollup.run_all()'
                     when status = 'warn' then format('rows of expired events cannot be counted again: see rollup.missing_ranges(%L)',
                                                      c.source::text) end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_corrections() is
    'Part of rollup.doctor: changes that are not noted, not counted again, or cannot be.';
