do $$
begin
    perform pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('rollup.install', 0));
end
$$;
reset client_min_messages;
