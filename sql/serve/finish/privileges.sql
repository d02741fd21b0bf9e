-- Functions run with their caller's privileges. Nobody but the owner may read or write the state of the service until
-- the owner grants it.
do $$
begin
    if (select nspacl from pg_catalog.pg_namespace where nspname = 'rollup_serve') is null then
        grant usage on schema rollup_serve to public;
    end if;
end
$$;
