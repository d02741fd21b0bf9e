create or replace function rollup_internal.expire_step(
    item jsonb, max_rows bigint, out report jsonb, out more boolean, out failure jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    select coalesce(jsonb_agg(jsonb_build_object('kind', item -> 'kind', 'name', item -> 'name') || to_jsonb(e) - 'more'), '[]'),
           bool_or(e.more)
      into report, more
      from rollup_internal.expire_item(item ->> 'kind', item ->> 'name', false, max_rows) e;
    -- What was kept is no error of the step, which would undo the rest.
    select jsonb_build_object('sqlstate', case when bool_and(r ->> 'action' like 'kept: it is in use%') then '55P03' else '55000' end,
               'message', format('%s, the rest was removed', string_agg(
               format('%s was %s', r ->> 'partition', r ->> 'action'), '; ')))
      into failure
      from jsonb_array_elements(report) r
     where r ->> 'action' like 'kept: %'
    having count(*) > 0;
end
$$;
comment on function rollup_internal.expire_step(jsonb, bigint) is
    'Removes one part of what has exceeded its retention; returns what was removed, whether there is more, and '
    'the failure that what had to be kept amounts to.';
