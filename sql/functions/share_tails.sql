create or replace function rollup.share_tails()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not rollup.is_distributed('rollup.tails') then
        perform create_reference_table('rollup.tails');
    end if;
end
$$;
comment on function rollup.share_tails() is
    'Internal. Puts rollup.tails on every Citus node, for live views of distributed tables.';
