create or replace function rollup_internal.fill_step(item jsonb, out report jsonb, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    rollup_name constant text := item ->> 'name';
    said text := rollup_internal.fill_measures(
        rollup_name, (item ->> 'from')::timestamptz, (item ->> 'to')::timestamptz, item ->> 'tenant');
begin
    report := '[]';
    if said is not null then
        raise notice '%', format('rollup %I: %s; %s', rollup_name, said, item ->> 'position');
        report := jsonb_build_array(jsonb_build_object(
            'rollup', rollup_name, 'filled', said, 'position', item -> 'position'));
    end if;
end
$$;
comment on function rollup_internal.fill_step(jsonb) is
    'Fills in the added measures of some buckets; a notice shows how far they are complete, as the '
    'report does.';
