create or replace function rollup.site_id(name text, make boolean default true)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select i.customer_id from rollup.site_ids(array[name], make) i);
end
$$;
comment on function rollup.site_id(text, boolean) is
    'The number of one site, as rollup.site_ids; NULL for NULL, and for an unknown name if make is false.';
