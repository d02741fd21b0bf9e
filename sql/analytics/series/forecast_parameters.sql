create or replace function rollup_analytics_internal.forecast_parameters(tenant text, subject text, period int)
    returns jsonb
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    fitted jsonb;
begin
    select m.parameters into fitted
      from rollup_analytics.models m
     where m.kind = 'forecast' and m.tenant = forecast_parameters.tenant and m.subject = forecast_parameters.subject
       and (m.parameters ->> 'period')::int = period
     order by m.fitted_at desc
     limit 1;
    if fitted is null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('no forecast of %s with a period of %s is fitted for tenant %L', subject, period, tenant),
            hint = 'Give alpha, beta and gamma, or store fitted ones in rollup_analytics.models.';
    end if;
    return fitted;
end
$$;
comment on function rollup_analytics_internal.forecast_parameters(text, text, int) is
    'The latest fitted parameters of a forecast. Raises object_not_in_prerequisite_state if there are none.';
