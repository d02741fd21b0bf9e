create or replace function rollup_internal.rebuild_step(item jsonb, out report jsonb, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    select jsonb_build_array(jsonb_build_object('rollup', item -> 'name') || to_jsonb(b)) into report
      from rollup.rebuild(item ->> 'name', (item ->> 'from')::timestamptz, (item ->> 'to')::timestamptz,
                          item ->> 'tenant', (item ->> 'accept_loss')::boolean) b;
end
$$;
comment on function rollup_internal.rebuild_step(jsonb) is
    'Rebuilds some buckets of a rollup; returns the number of their rows before and after.';
