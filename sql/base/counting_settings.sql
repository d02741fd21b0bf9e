-- The settings for counting new events and for counting old events again. Plans are made for the actual ids,
-- because a generic plan guesses the number of events. Sketches are aggregated over sorted groups: a hash table of
-- their 128 kB states would spill to disk. work_mem is enough to sort one window in memory. The text form of a
-- value, or the value of a text, depends on the settings from TimeZone on; they are fixed so that dimensions and top
-- lists do not depend on the calling role.
--
-- Row security would hide events from the engine, and the watermark would pass them. With row_security off, a
-- policy that applies raises an error instead.
--
-- A run finds new events by index even before a partition has statistics. Filling in a measure matches rows by
-- their whole key, in a hash table.
create or replace function rollup_internal.counting_settings(out name text, out value text, out only_for text)
    returns setof record
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select s.name, s.value, s.only_for
      from (values ('row_security', 'off', null),
                   ('plan_cache_mode', 'force_custom_plan', 'runs'),
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
                   ('transform_null_equals', 'off', null),
                   ('array_nulls', 'on', null),
                   ('backslash_quote', 'safe_encoding', null),
                   ('xmlbinary', 'base64', null),
                   ('xmloption', 'content', null),
                   ('lc_monetary', 'C', null),
                   ('lc_numeric', 'C', null),
                   ('lc_time', 'C', null),
                   ('timezone_abbreviations', 'Default', null)) s (name, value, only_for);
end;
comment on function rollup_internal.counting_settings() is
    'The settings under which events are counted, and whether each applies to every counting function, only to '
    'runs, or only to filling in measures.';
