-- The setting makes everything in the query read-only.
create or replace function rollup_analytics_internal.report_rows(statement text, wanted boolean default true)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
    set transaction_read_only = on
as $$
declare
    answer json;
begin
    -- Names in the query are those that its author writes in psql. The path of before comes back with the end of this function.
    perform set_config('search_path', 'public, rollup_compat, pg_temp', true);
    execute format('select coalesce(json_agg(r), ''[]'') from (%s) r%s',
                   regexp_replace(statement, '(?:\s*;)?\s*$', E'\n'),
                   case when not wanted then ' where false' end)
       into answer;
    return answer;
end
$$;
comment on function rollup_analytics_internal.report_rows(text, boolean) is
    'The rows of a query as objects; none, but the errors in the query, unless wanted.';
