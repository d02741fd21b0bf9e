-- Waits until every transaction that may still add an id up to the last one read has ended. No session is blocked
-- meanwhile: later writers draw later ids and are not waited for. The wait is bounded, and changes nothing if it
-- times out.
create or replace function rollup_internal.wait_for_writers(
    source regclass, sequence regclass, inout states jsonb, out writers text[])
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    deadline constant timestamptz := clock_timestamp() + rollup_internal.wait_limit();
    pause double precision := 0.005;
begin
    select coalesce(array_agg(s.key || ':' || w), '{}') into writers
      from jsonb_each(states) s, jsonb_object_keys(s.value -> 'writers') w;
    while writers <> '{}' and clock_timestamp() < deadline loop
        perform pg_sleep(least(pause, extract(epoch from deadline - clock_timestamp())));
        pause := least(pause * 1.5, 0.2);
        states := rollup_internal.read_node_states(source, sequence);
        writers := rollup_internal.open_writers(writers, states);
    end loop;
end
$$;
comment on function rollup_internal.wait_for_writers(regclass, regclass, jsonb) is
    'Waits, for rollup_internal.wait_limit() at most, until the writers in states have ended. Returns the '
    'current nodes and the writers that are still open.';
