-- A source is looked at in the first step, and then each partition is a step of its own. What was kept is no error of the
-- step, which would undo the rest, and is recorded. A session that uses one partition for long is waited for once.
create or replace function rollup_internal.expire_step(
    inout item jsonb, max_rows bigint, out report jsonb, out more boolean, out failure jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    expirable rollup.retention;
    older_than interval;
    parts jsonb[] := '{}';
    ended constant jsonb := coalesce(item -> 'ended', '[]');
begin
    report := '[]';
    more := false;
    select * into expirable from rollup.retention x where x.kind = item ->> 'kind' and x.name = item ->> 'name';
    if item ? 'source' then
        expirable.kind := 'source';
        expirable.relation := (item ->> 'source')::oid::regclass;
    end if;
    if expirable.relation is null then
        return;
    end if;
    if expirable.kind = 'rollup' then
        parts := array(select p from rollup_internal.expire_range(
            expirable.name, false, max_rows, array(select (e ->> 'oid')::oid from jsonb_array_elements(ended) e)) p);
        more := exists (select from unnest(parts) p where (p ->> 'more')::boolean);
        item := item || jsonb_build_object('ended', ended || array_to_json(array(
            select p from unnest(parts) p where p ->> 'reason' is not null))::jsonb);
        perform rollup_internal.record_expiry(expirable.relation, array(
            select format('%s: %s', e ->> 'partition', e ->> 'reason') from jsonb_array_elements(item -> 'ended') e));
    elsif expirable.kind = 'keys' then
        select array_remove(array[k.part], null), k.more into parts, more
          from rollup_internal.expire_keys(expirable.relation, expirable.keep, max_rows) k;
        perform rollup_internal.record_expiry(expirable.relation, '{}');
    elsif not item ? 'parts' then
        older_than := coalesce((item ->> 'older_than')::interval, case when expirable.is_enforced then expirable.keep end);
        if older_than is not null then
            item := item || rollup_internal.begin_expiry(expirable.relation, older_than, false);
            if item -> 'parts' @? '$[*] ? (@.sqlstate == "55000")' then
                perform rollup_internal.require_counted(array(select p from jsonb_array_elements(item -> 'parts') p), older_than);
            end if;
            more := true;
        end if;
    else
        perform rollup_internal.lock_expiry(expirable.relation);
        parts := array(select p from rollup_internal.expire_partitions(
            expirable.relation, (item ->> 'cutoff')::timestamptz,
            array(select p from jsonb_array_elements(item -> 'parts') with ordinality x (p, position)
                   order by position limit 1),
            item -> 'last_seen', waits => not ended @? '$[*] ? (@.sqlstate == "55P03")') p);
        item := item || jsonb_build_object('parts', (item -> 'parts') - 0, 'ended', ended || array_to_json(parts)::jsonb);
        more := jsonb_array_length(item -> 'parts') > 0;
        perform rollup_internal.end_expiry(
            expirable.relation,
            case when more then (select max((e ->> 'range_to')::timestamptz) from jsonb_array_elements(item -> 'ended') e
                                  where e ->> 'action' = 'dropped')
                 else (item ->> 'cutoff')::timestamptz end,
            array(select e from jsonb_array_elements(item -> 'ended') e));
    end if;
    select coalesce(jsonb_agg(jsonb_build_object('kind', item -> 'kind', 'name', item -> 'name', 'rows', p -> 'events')
                              || (p - '{oid,is_default,events,more}'::text[])), '[]')
      into report
      from unnest(parts) p;
    select jsonb_build_object(
               'sqlstate', case when bool_and(p ->> 'sqlstate' = '55P03') then '55P03' else '55000' end,
               'message', string_agg(format('%s was kept: %s', p ->> 'partition', p ->> 'reason'), '; '),
               'detail', null,
               'hint', max(case p ->> 'sqlstate' when '55000' then 'Run the rollups first: call rollup.run_all()'
                               when 'set aside' then 'See rollup.set_aside for the reasons, and rollup.retry_set_aside.' end))
      into failure
      from unnest(parts) p
     where p ->> 'reason' is not null
    having count(*) > 0;
end
$$;
comment on function rollup_internal.expire_step(jsonb, bigint) is
    'Removes one part of what has exceeded its retention; returns the item with its progress, what was removed, whether '
    'there is more, and the failure that what had to be kept amounts to.';
