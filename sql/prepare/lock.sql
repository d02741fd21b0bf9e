-- One installation at a time: a second one waits here, then finds everything in place.
-- The lock belongs to the session, so that psql may run each statement on its own.
do $$
begin
    perform pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('rollup.install', 0));
end
$$;
set client_min_messages to warning;
