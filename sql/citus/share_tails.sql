-- Live views of distributed tables are evaluated on every Citus node, and read the tails there.
do $$
begin
    if rollup_internal.extension_schema('citus') is not null and not rollup_internal.is_distributed('rollup_internal.tails') then
        perform pg_catalog.create_reference_table('rollup_internal.tails');
    end if;
end
$$;
