-- Live views of distributed tables are read on every Citus node, and so are tails.
do $$
begin
    if rollup.extension_schema('citus') is not null and not rollup.is_distributed('rollup.tails') then
        perform pg_catalog.create_reference_table('rollup.tails');
    end if;
end
$$;
