-- What counting runs with, whether new events are counted or old ones again. Plans are made for the actual ids: a
-- generic plan guesses how many events there are. Sketches are aggregated over sorted groups: a hash table of
-- their 128 kB states would be spilled. work_mem lets the sort of one window stay in memory. The text of a value
-- depends on the settings from TimeZone on, and so dimensions and top lists must not depend on who runs it.
--
-- Row security that applied to the engine would hide events from it, and the watermark would pass them. Switched off,
-- it raises an error instead.
--
-- A run finds new events by their index also before a partition has statistics. A measure is filled in by rows
-- that are matched by their whole key, in a hash table.
create or replace function rollup_internal.counting_settings(out name text, out value text, out only_for text)
    returns setof record
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select s.name, s.value, s.only_for
      from (values ('row_security', 'off', null),
                   ('plan_cache_mode', 'force_custom_plan', null),
                   ('enable_hashagg', 'off', null),
                   ('enable_seqscan', 'off', 'runs'),
                   ('enable_mergejoin', 'off', 'filling in'),
                   ('enable_nestloop', 'off', 'filling in'),
                   ('max_parallel_workers_per_gather', '0', null),
                   ('jit', 'off', null),
                   ('work_mem', '128MB', null),
                   ('topn.number_of_counters', '1000', null),
                   ('timezone', 'UTC', null),
                   ('datestyle', 'ISO, MDY', null),
                   ('intervalstyle', 'postgres', null),
                   ('extra_float_digits', '1', null),
                   ('bytea_output', 'hex', null),
                   ('standard_conforming_strings', 'on', null),
                   ('transform_null_equals', 'off', null)) s (name, value, only_for);
end;
comment on function rollup_internal.counting_settings() is
    'The settings under which events are counted: for every function that counts, or only for runs, or for filling in.';
