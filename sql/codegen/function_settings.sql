-- Settings of a generated function: plans are made for the actual ids (a generic plan guesses how
-- many events there are); sketches are aggregated over sorted groups, since a hash table of their
-- 128 kB states would be spilled; new events are found by their index, also before a partition has
-- statistics; work_mem lets the sort of one window stay in memory. The last ones are what the text
-- of a value depends on, so that dimensions and TopN keys do not depend on who runs it.
create or replace function rollup_internal.function_settings(measures json, work_mem text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return concat(E'\n    set search_path = pg_catalog, pg_temp',
                  E'\n    set plan_cache_mode = force_custom_plan',
                  E'\n    set enable_hashagg = off',
                  E'\n    set enable_seqscan = off',
                  E'\n    set jit = off',
                  format(E'\n    set work_mem = %L', work_mem),
                  E'\n    set topn.number_of_counters = ' || rollup_internal.max_top_counters(measures),
                  E'\n    set timezone = ''UTC''',
                  E'\n    set datestyle = ''ISO, MDY''',
                  E'\n    set intervalstyle = postgres',
                  E'\n    set extra_float_digits = 1',
                  E'\n    set bytea_output = hex',
                  E'\n    set standard_conforming_strings = on',
                  E'\n    set transform_null_equals = off');
end
$$;
comment on function rollup_internal.function_settings(json, text) is
    'The SET clauses of a rollup''s function.';
