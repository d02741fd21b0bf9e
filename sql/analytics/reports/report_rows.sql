-- In the block, a subtransaction, everything is read-only. (From PostgreSQL 17 on, a function cannot have that setting.)
create or replace function rollup_analytics_internal.report_rows(statement text, wanted boolean default true)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
declare
    answer json;
begin
    -- Names in the query are those that its author writes in psql. The path of before comes back with the end of this function.
    perform set_config('search_path', 'public, rollup_compat, pg_temp', true);
    begin
        perform set_config('transaction_read_only', 'on', true);
        execute format('select coalesce(json_agg(r), ''[]'') from (%s) r%s',
                       regexp_replace(statement, '(?:\s*;)?\s*$', E'\n'),
                       case when not wanted then ' where false' end)
           into answer;
    exception when others then
        raise;
    end;
    return answer;
end
$$;
comment on function rollup_analytics_internal.report_rows(text, boolean) is
    'The rows of a query as objects; none, but the errors in the query, unless wanted.';
