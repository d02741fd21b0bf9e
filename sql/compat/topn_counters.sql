-- The extension registers topn.number_of_counters and validates it at SET. Without the extension the name is a
-- placeholder that accepts any text, so it is validated when it is used.
create or replace function rollup_compat.topn_checked_counters(setting text)
    returns integer
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- most pairs the server can put into one jsonb object: the extension's upper limit
    largest constant integer := 14913080;
begin
    if setting !~ '^[[:space:]]*[-+]?[0-9]+[[:space:]]*$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format(
                'invalid value for parameter "topn.number_of_counters": "%s"', setting),
            hint = format('Set it to a whole number from 1 to %s.', largest);
    end if;
    if setting::numeric not between 1 and largest then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format(
                '%s is outside the valid range for parameter "topn.number_of_counters" (1 .. %s)',
                trim(setting), largest);
    end if;
    return setting::integer;
end
$$;
comment on function rollup_compat.topn_checked_counters(text) is
    'TopN stand-in, internal. The setting as a number, or an error that says what is wrong with it.';

-- Evaluated for every group: an obviously valid number needs no function call.
create or replace function rollup_compat.topn_counters()
    returns integer
    language sql
    stable
    parallel safe
    return case
        when nullif(current_setting('topn.number_of_counters', true), '') is null then 1000
        when current_setting('topn.number_of_counters', true) ~ '^[1-9][0-9]{0,6}$'
            then current_setting('topn.number_of_counters', true)::integer
        else rollup_compat.topn_checked_counters(current_setting('topn.number_of_counters', true))
    end;
comment on function rollup_compat.topn_counters() is
    'TopN stand-in, internal. How many counters to keep: topn.number_of_counters, 1000 when not set.';
