create or replace function rollup_analytics.store_model(
    kind text, tenant text, subject text, parameters jsonb, quality jsonb, range_from timestamptz, range_to timestamptz)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    needed constant text[] := case kind when 'clv' then '{r,alpha,a,b,p,q,v}' when 'forecast' then '{alpha,beta,gamma,period}' end;
    wrong text;
begin
    perform rollup_analytics_internal.validate_choice('kind', kind, '{clv,forecast}');
    select n into wrong from unnest(needed) n where coalesce(jsonb_typeof(parameters -> n), '') <> 'number' limit 1;
    if wrong is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('parameters of kind %s need a number %s', kind, wrong);
    end if;
    insert into rollup_analytics.models (kind, tenant, subject, parameters, quality, range_from, range_to, fitted_at)
    values (kind, tenant, subject, parameters, quality, range_from, range_to, clock_timestamp());
end
$$;
comment on function rollup_analytics.store_model(text, text, text, jsonb, jsonb, timestamptz, timestamptz) is
    'Stores fitted parameters in rollup_analytics.models: of kind clv for a currency, of kind forecast for rollup.measure. '
    'rollupctl fit calls it.';
