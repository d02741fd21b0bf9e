-- Times without a zone are of the session's zone, which is set here for the transaction.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.asked_range(
    question jsonb, zone text, out range_from timestamptz, out range_to timestamptz)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    asked constant text := coalesce(question ->> 'range', case when not question ? 'from' then '24 hours' end);
begin
    perform set_config('timezone', zone, true);
    if asked in ('today', 'yesterday') then
        range_from := case asked when 'today' then current_date else current_date - 1 end;
        range_to := case asked when 'today' then current_date + 1 else current_date end;
    else
        range_to := coalesce((question ->> 'to')::timestamptz, now());
        if question ? 'from' then
            range_from := (question ->> 'from')::timestamptz;
        elsif asked ~ '(^|[[:space:]])[-+]?[0-9.]+[[:space:]]*$' then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('range %s has no unit', asked), hint = 'Such as 24 hours, 7 days or today.';
        else
            range_from := range_to - asked::interval;
        end if;
    end if;
    if not isfinite(range_from) or not isfinite(range_to) or range_from >= range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the range must end after it begins, not from %s to %s', range_from, range_to);
    end if;
end
$$;
comment on function rollup_serve.asked_range(jsonb, text) is
    'The range of a question: range, or from and to, in the given time zone, in which the rest of the transaction works.';
reset citus.enable_ddl_propagation;
