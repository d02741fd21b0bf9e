-- A long range in bounded transactions: each step is whole before the next begins.
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.rebuild_in_steps(
    rollup_name pg_catalog.text, range_from pg_catalog.timestamptz default null,
    range_to pg_catalog.timestamptz default null, tenant pg_catalog.text default null,
    step pg_catalog.interval default '1 day')
    language plpgsql
as $$
declare
    part record;
begin
    for part in select s.step_from, s.step_to from rollup_internal.rebuild_steps(rollup_name, range_from, range_to, step) s loop
        perform rollup.rebuild(rollup_name, part.step_from, part.step_to, tenant);
        commit;
    end loop;
end
$$;
comment on procedure rollup.rebuild_in_steps(text, timestamptz, timestamptz, text, interval) is
    'As rollup.rebuild, for a long range: a day at a time by default, with a commit after each.';
