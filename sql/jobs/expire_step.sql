create or replace function rollup_internal.expire_step(item jsonb, max_rows bigint, out report jsonb, out more boolean)
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
end
$$;
comment on function rollup_internal.expire_step(jsonb, bigint) is
    'Removes one part of what has exceeded its retention; returns what was removed, and whether there is more.';
